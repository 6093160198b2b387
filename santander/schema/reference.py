"""The tables of rules in docs/data.md: ``python -m santander.schema.reference`` writes them anew, the text around them stays."""

from pathlib import Path

from santander.schema.between_columns import BETWEEN_COLUMNS, BetweenColumns
from santander.schema.columns import PRODUCT_COLUMNS, PROFILE_COLUMNS, Column

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data.md"
_END = "<!-- end -->"


def with_tables(page: str) -> str:
    """Return the page with its tables as the rules are now; raises ValueError for a page without the marks of one."""
    for name, lines in (("columns", _columns()), ("between columns", _between_columns())):
        mark = f"<!-- {name}: make docs -->"
        before, found, rest = page.partition(mark)
        _, ended, after = rest.partition(_END)
        if not (found and ended):
            raise ValueError(f"{PAGE.name} has no {mark} with an end")
        page = "\n".join([f"{before}{mark}", "", *lines, "", f"{_END}{after}"])
    return page


def _columns() -> list[str]:
    flag = f"`{_escaped(PRODUCT_COLUMNS[0].pattern)}`"
    return [
        "| column | source | type | rule | meaning |",
        "|---|---|---|---|---|",
        *map(_column, PROFILE_COLUMNS),
        f"| the 24 products, such as `current_account` | ind_…_ult1 | boolean | {flag}, missing `NA` | holds the product |",
    ]


def _column(column: Column) -> str:
    rule = f"`{column.pattern}`{f', {column.span}' if column.span else ''}"
    return f"| `{column.name}` | {column.source} | {column.type} | {_escaped(rule)} | {_escaped(column.meaning)} |"


def _between_columns() -> list[str]:
    return ["| reason | what must hold | where not, null and in quarantine |", "|---|---|---|", *map(_between, BETWEEN_COLUMNS)]


def _between(rule: BetweenColumns) -> str:
    return f"| `{rule.name}` | {_escaped(rule.meaning)} | {', '.join(f'`{name}`' for name in rule.makes_null)} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
