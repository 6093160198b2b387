from pathlib import Path

import pytest

from santander.features import reference
from santander.features.reference import PAGE, feature_page
from santander.features.rows import FAMILIES
from santander.schema.features import FEATURES


def test_the_page_in_docs_is_the_one_the_declaration_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == feature_page(), "run make docs"


def test_every_feature_has_its_line() -> None:
    page = feature_page()
    assert [page.count(f"| `{feature.name}` | {feature.type} |") for feature in FEATURES] == [1] * len(FEATURES)


def test_no_page_is_written_of_a_feature_that_no_function_makes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reference, "PAGE", tmp_path / "features.md")
    monkeypatch.setattr(reference, "FAMILIES", FAMILIES[1:])
    with pytest.raises(SystemExit, match="error: no function in santander/features makes"):
        reference.write_page()
    assert not reference.PAGE.exists()
