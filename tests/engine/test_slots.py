from pathlib import Path

from santander.engine import slots


def test_a_session_is_asked_for_its_context_in_one_place_only():
    package = Path(slots.__file__).parents[1]
    asking = {file.relative_to(package) for file in package.rglob("*.py") if ".sparkContext" in file.read_text(encoding="utf-8")}
    assert asking == {Path("engine/slots.py")}
