"""Which months a table holds in full, and which lie missing between them."""

from collections.abc import Mapping

from santander.schema.months import Month, in_spans, missing_between

MISTYPED_SHARE = 0.001
"""A first or last month with a smaller share of the rows of the largest is a mistyped date. No setting: no bank grows a
thousandfold in a month, and mistyped months hold a few rows."""


def full_months(rows: Mapping[Month, int]) -> list[Month]:
    """Months with enough rows to be meant, in order."""
    return sorted(month for month, n in rows.items() if n and n >= MISTYPED_SHARE * max(rows.values()))


def missing_months(rows: Mapping[Month, int]) -> list[Month]:
    """Months without a row between the first and the last that are meant; a mistyped date far off leaves no gap."""
    return [month for month in missing_between(full_months(rows)) if not rows.get(month)]


def missing_line(missing: list[Month]) -> str:
    """Return a line that names the missing months, the consequence and the remedy."""
    return (
        f"no customers of {in_spans(missing)}, between months that are there: features that look back on them have nulls there, "
        "and additions of the month after are not known; ingest their landing files"
    )
