"""What pages list is what there is: verbs, tables, files of settings, targets of make."""

import re
from pathlib import Path

from santander.cli.overview import GROUPS
from santander.config.conf_files import conf_dir
from santander.schema.catalogue import TABLES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def first_cells(page: str) -> set[str]:
    """The words in code in the first cells of a page's tables."""
    rows = re.findall(r"^\| (.*?) \|", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {name for cell in rows for name in re.findall(r"`([^`]+)`", cell)}


def test_every_verb_is_on_the_page_of_the_verbs() -> None:
    listed = {name.split()[1] for name in first_cells("verbs.md") if name.startswith("santander ")}
    assert listed == {verb for verbs in GROUPS.values() for verb in verbs}


def test_every_table_is_on_the_page_of_the_tables() -> None:
    assert {table.name for table in TABLES} <= first_cells("tables.md")


def test_every_file_of_settings_is_on_the_page_of_the_settings() -> None:
    assert {file.name for file in (conf_dir() / "base").glob("*.yaml")} <= first_cells("settings.md")


def test_every_target_of_make_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    pages = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
    named = {
        (page.name, target)
        for page in pages
        for code in re.findall(r"^```.*?^```$|`[^`\n]*`", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for target in re.findall(r"(?:^|`)make ([a-z][a-z-]*)", code, re.MULTILINE)
    }
    assert len(named) > 20
    assert sorted((page, target) for page, target in named if target not in targets) == []
