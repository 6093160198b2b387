from santander.quality.declaration import SUITES, suite
from santander.quality.reference import PAGE, base_settings, quality_page


def test_the_page_in_docs_is_the_one_the_declaration_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == quality_page(), "run make docs"


def test_every_rule_has_its_line() -> None:
    page = quality_page()
    for table in SUITES:
        rules = suite(table, base_settings())
        assert [rule.name for rule in rules if f"| `{rule.name}` | {rule.column} | {rule.severity} |" not in page] == []
