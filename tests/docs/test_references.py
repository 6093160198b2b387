"""What there is to look up is in the page where it is looked up: verbs, tables, files of settings."""

import re
from pathlib import Path

from santander.cli.overview import GROUPS
from santander.config.conf_folders import conf_dir
from santander.schema.catalogue import TABLES

DOCS = Path(__file__).parents[2] / "docs"


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
