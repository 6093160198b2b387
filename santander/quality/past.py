"""What the commits and the small tables know of a month without its rows being read: nulls, ingestions, quarantine, erasures."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from santander.ingest.holders import last_ingestions, merges_since
from santander.lake.column_nulls import nulls_by_month
from santander.lake.ingestions import read_ingestions
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, ERASURES, QUARANTINE
from santander.schema.months import Month

MONTHS_COMPARED = 3
"""How many months before a month say which share of nulls is to be expected of it. No setting: the share that
quality.null_share_change allows is against these."""


def null_shares(lake: Lake, columns: Sequence[str], months: Collection[Month]) -> dict[Month, dict[str, float]]:
    """For those of these months that ``customers`` has the share of nulls by column, from the files' own statistics.

    A column for which a file has no statistics is left out.
    """
    found = nulls_by_month(lake, CUSTOMERS, columns, months)
    return {
        month: {column: n / counted.rows for column, n in counted.nulls.items() if n is not None}
        for month, counted in found.items()
        if counted.rows
    }


def months_compared(months: Sequence[Month]) -> set[Month]:
    """The months that say which share of nulls is to be expected of these."""
    return {month - back for month in months for back in range(1, MONTHS_COMPARED + 1)}


def earlier_null_shares(shares: Mapping[Month, Mapping[str, float]], month: Month) -> dict[str, list[float]]:
    """The shares of the months before, by column."""
    found: dict[str, list[float]] = {}
    for back in range(1, MONTHS_COMPARED + 1):
        for column, share in shares.get(month - back, {}).items():
            found.setdefault(column, []).append(share)
    return found


def ingested(lake: Lake, months: Sequence[Month]) -> dict[Month, dict[str, int]]:
    """Return the counts of each month from the table of ingestions.

    ``rows_ingested``: the rows that the last ingestion that replaced the month kept, and those merged in since;
    ``products_delivered``: 1 when one of them had products; ``ingestions`` rows of the table, of which
    ``broken_ingestions_add_up`` do not add up; ``customers_erased`` in all.
    """
    erased = sum(row["customers"] for row in lake.rows(ERASURES))
    rows = read_ingestions(lake)
    replaced, merged = last_ingestions(rows), merges_since(rows)
    found = {}
    for month in months:
        holding, since = replaced.get(str(month)), merged.get(str(month), [])
        if not holding:
            continue
        of_month = [row for row in rows if row.month == str(month)]
        found[month] = {
            "rows_ingested": sum(row.kept for row in holding) + sum(row.gained for row in since),
            "products_delivered": int(any(row.has_products for row in (*holding, *since))),
            "ingestions": len(of_month),
            "broken_ingestions_add_up": sum(row.read != row.kept + row.quarantined_rows for row in of_month),
            "customers_erased": erased,
        }
    return found


def quarantined_values(lake: Lake, months: Sequence[Month]) -> dict[Month, Counter[str]]:
    """Return by month and column the values that went to quarantine and left a null in a row that was kept."""
    import pyarrow.compute as pc

    found: dict[Month, Counter[str]] = {month: Counter() for month in months}
    if not lake.exists(QUARANTINE):
        return found
    rows = lake.delta(QUARANTINE).to_pyarrow_table(columns=["month", "scope", "column"])
    groups = rows.filter(pc.field("scope") == "value").group_by(["month", "column"]).aggregate([([], "count_all")])
    by_name = {str(month): month for month in months}
    for group in groups.to_pylist():
        if group["month"] in by_name:
            found[by_name[group["month"]]][group["column"]] += group["count_all"]
    return found
