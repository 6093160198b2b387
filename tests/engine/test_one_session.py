from pathlib import Path

import santander


def test_a_session_is_asked_for_its_context_in_one_place_only():
    package = Path(santander.__file__).parent
    asking = {file.relative_to(package) for file in package.rglob("*.py") if ".sparkContext" in file.read_text(encoding="utf-8")}
    assert asking == {Path("engine/session.py")}
