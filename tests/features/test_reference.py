from santander.features.reference import PAGE, feature_page
from santander.schema.features import FEATURES


def test_the_page_in_docs_is_the_one_the_declaration_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == feature_page(), "run make docs"


def test_every_feature_has_its_line() -> None:
    page = feature_page()
    assert [page.count(f"| `{feature.name}` | {feature.type} |") for feature in FEATURES] == [1] * len(FEATURES)
