"""Files and folders that the pages name are there: a moved module would leave a page that leads nowhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"(?<![\w/.-])((?:tests|santander|conf/base|deploy|benchmarks|feature_repo|notebooks)/[\w/.-]*\w)")
TO_BE_ADDED = {"docs/extending.md"}
"""Pages that name files which their reader is to make."""


def test_every_path_in_a_page_is_there() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
    assert len(pages) > 40
    gone = [
        f"{page.relative_to(ROOT)}: {path}"
        for page in pages
        if str(page.relative_to(ROOT)) not in TO_BE_ADDED
        for path in NAMED.findall(page.read_text(encoding="utf-8"))
        if not (ROOT / path.removesuffix(".")).exists() and "PROFILE" not in path
    ]
    assert gone == []
