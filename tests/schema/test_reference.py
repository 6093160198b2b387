from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.reference import PAGE, with_tables


def test_the_tables_in_docs_are_those_that_the_rules_make() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "run make docs"


def test_every_rule_has_its_line() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [c.name for c in PROFILE_COLUMNS if f"| `{c.name}` | {c.source} | {c.type} | `" not in page] == []
    assert [rule.name for rule in BETWEEN_COLUMNS if f"| `{rule.name}` | {rule.meaning} |" not in page] == []
