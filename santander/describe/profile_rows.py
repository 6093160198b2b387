"""Counts of a column to rows of ``month_profiles``, one a slice."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from santander.describe.counts import Counted, Counts
from santander.describe.slices import SLICES
from santander.describe.values import Kind
from santander.schema.catalogue import Table
from santander.schema.months import Month

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def profile_rows(month: Month, table: Table, column: str, counts: Counts) -> Iterator[dict[str, Any]]:
    """Yield a row for each slice that has any rows."""
    order = _order(counts)
    texts = [counts.texts[place] for place in order]
    for name, cells in SLICES.items():
        rows = int(counts.rows[cells].sum())
        if not rows:
            continue
        of_values = counts.values[cells].sum(axis=0)[order]
        there = np.flatnonzero(of_values)
        values, found = [texts[place] for place in there], of_values[there].tolist()
        yield {
            "snapshot_date": month.snapshot,
            "table": table.name,
            "column": column,
            "slice": name,
            "rows": rows,
            "nulls": int(counts.nulls[cells].sum()),
            "compared": _sum(counts.compared, cells),
            "changed": _sum(counts.changed, cells),
            "values": values,
            "counts": found,
            "quantiles": _quantiles(values, found) if counts.kind is Kind.NUMBER and found else None,
        }


def _order(counts: Counts) -> list[int]:
    places = range(len(counts.texts))
    if counts.kind is Kind.MASK:
        return list(places)
    if counts.kind is Kind.NUMBER:
        return sorted(places, key=lambda place: float(counts.texts[place]))
    return sorted(places, key=lambda place: counts.texts[place])


def _sum(counted: Counted | None, cells: Any) -> int | None:
    return None if counted is None else int(counted[cells].sum())


def _quantiles(values: list[str], counts: list[int]) -> list[float]:
    """Return, of numbers in order, the first that as many as each of QUANTILES do not exceed."""
    reached = np.cumsum(counts)
    wanted = [-(-int(share * 100) * int(reached[-1]) // 100) for share in QUANTILES]
    return [float(values[place]) for place in np.searchsorted(reached, wanted)]
