"""Each family has a page in docs, made from its file."""

from pathlib import Path

import pytest

from santander.config.family_files import own_families
from santander.config.new_family import write_new_family
from santander.features.own.reference import FOLDER, INDEX, pages, write_pages
from santander.schema.own_family import Language
from tests.environment import CONF_LOCAL
from tests.own_families import ACTIVITY, declare


def test_the_pages_in_docs_are_those_that_the_shipped_files_make() -> None:
    made = pages(own_families())
    for name, page in made.items():
        there = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
        assert there == page or (name == INDEX and there.startswith(page)), "run make docs"  # a user's own come last


def test_a_users_family_has_a_page_and_a_line_until_its_file_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = pages(own_families())
    declare(monkeypatch, tmp_path / "conf", ACTIVITY)
    docs = tmp_path / "families"
    docs.mkdir()
    (docs / "notes.md").write_text("mine")
    write_pages(docs)
    page = (docs / "activity.md").read_text()
    for said in (
        "# activity\n\nWhat activity means. This page is generated from `activity.sql`",
        "| a row for each | `customer_id`, in each month |\n| looks back at | the 2 months before |",
        "| table | `features_activity` |",
        "| Feast view | `activity` |\n| in a recipe | `columns: [profile, activity]` |",
        "| `months_active` | smallint | 0 to 2 | What months_active means |",
        "| `ever_active` | boolean | yes or no |",
        "```sql\n-- entity: customer_id\n",
    ):
        assert said in page
    index = (docs / f"{INDEX}.md").read_text()
    assert index.startswith(shipped[INDEX])
    assert "| [activity](activity.md) | customer_id | What activity means |" in index
    (tmp_path / "conf" / "features" / "activity.sql").unlink()
    write_pages(docs)
    assert {file.stem for file in docs.iterdir()} == {*shipped, "notes"}


def test_the_page_of_a_python_family_shows_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    file = write_new_family("visits", Language.PYSPARK)
    page = pages(own_families())["visits"]
    assert f"```python\n{file.read_text().strip()}\n```" in page
    assert "| reason | was active in {visits_months} of 5 months |" in page
