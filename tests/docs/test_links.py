"""A reader gets from any page to any other: each is in an index, and no link leads nowhere."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "adr").glob("0*.md"))
_OF_DOCS = ("docs", "docs/adr", "docs/families")
_FOLDERS = ("", *_OF_DOCS, "benchmarks", "benchmarks/results", ".github", "santander/synthetic/calibration")
PAGES = [page for folder in _FOLDERS for page in sorted((ROOT / folder).glob("*.md"))]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """Targets of the links of a page, code left out, that lead to a file of this repository."""
    found = _LINK.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))
    return [unquote(target) for target in found if not target.startswith(("http://", "https://", "mailto:"))]


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as GitHub makes them, and those set by hand."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", _LINK.sub("", heading).lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="([^"]+)">', text))


def test_every_link_leads_somewhere() -> None:
    assert len(PAGES) > 60
    broken = []
    for page in PAGES:
        for target in links(page):
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_page_is_in_the_index_of_the_docs() -> None:
    listed = {target.partition("#")[0] for target in links(DOCS / "README.md")}
    assert sorted(page.name for page in DOCS.glob("*.md") if page.name != "README.md" and page.name not in listed) == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name[:4])
def test_every_decision_is_in_the_index_of_the_decisions_by_its_title(page: Path) -> None:
    title = page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    assert f"- [{title}]({page.name})" in (DOCS / "adr" / "README.md").read_text(encoding="utf-8").splitlines()


def test_no_two_decisions_have_one_number() -> None:
    numbers = [page.name[:4] for page in DECISIONS]
    assert sorted(set(numbers)) == numbers


def test_the_first_page_is_short_and_has_both_commands_to_copy() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    commands = {
        line.partition("#")[0].strip()
        for block in re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    }
    assert {"make run", "make test"} <= commands
