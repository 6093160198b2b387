"""The figures of a month of ``customers``, the same query on either side, and the rows behind a figure that differs."""

from collections.abc import Mapping
from typing import Any

from santander.audit.engine import Engine
from santander.audit.findings import Difference, Findings, there
from santander.audit.rules import PRODUCTS, PROFILE, Field

CATEGORIES = (
    "employment_status", "country", "sex", "primary_status", "relation_kind", "relation_type", "channel", "address_type",
    "province_code", "province", "segment",
)  # fmt: skip
"""Columns of few values, whose values are counted one by one."""
ROWS_NAMED = 5
"""How many of the customers behind a difference are named."""

_COMPARED = [field.name for field in PROFILE]


def compare_customers(engine: Engine, findings: Findings, source: str, tables: str) -> None:
    """Compare all figures of a month, then, where one differs, row by row.

    ``source`` and ``tables`` are queries with the columns of ``source.COLUMNS``; in that of the tables ``mask`` is made of
    the 24 flags and ``holdings`` is the column of that name.
    """
    left, right = _figures(engine, source, "holdings"), _figures(engine, tables, "mask")
    equal = [findings.compare(check, left[check], right[check]) for check in left]
    compare_holdings(engine, findings, tables)
    if not all(equal):
        findings.differences += _differing_rows(engine, findings.month, source, tables)


def compare_holdings(engine: Engine, findings: Findings, tables: str) -> None:
    """Compare the bitmask of every row of the table with its flags."""
    row = engine.row(f"SELECT count(*) AS n FROM {tables} WHERE holdings IS DISTINCT FROM mask")
    findings.expect("holdings", "rows whose holdings are not their flags", 0, row["n"])


def compare_additions(engine: Engine, findings: Findings, source: tuple[str, str], tables: tuple[str, str]) -> None:
    """Compare who added what: customers with rows in the month and the one before; each pair is (month, month before)."""
    findings.compare("additions", _additions(engine, *source), _additions(engine, *tables))


def _figures(engine: Engine, rows: str, mask: str) -> dict[str, dict[str, Any]]:
    """All figures of a month by check and name, from one pass."""
    figures: dict[str, dict[str, str]] = {
        "rows": {"rows": "count(*)", "customers": "count(DISTINCT customer_id)", "sum of customer_id": "sum(customer_id)"},
        "nulls": {field.name: f"count(*) - count({field.name})" for field in PROFILE},
        "sums": {name: sql for field in PROFILE for name, sql in _sums(field)},
        "categories": {name: f"histogram({name})" for name in CATEGORIES},
        "holders": {name: f"sum(({mask} >> {bit}) & 1)" for bit, (_, name) in enumerate(PRODUCTS)},
        "unknown flags": {name: f"sum((unknown >> {bit}) & 1)" for bit, (_, name) in enumerate(PRODUCTS)},
        "values": {
            **{field.name: f"sum(hash(customer_id, {field.name}))" for field in PROFILE},
            "products": f"sum(hash(customer_id, {mask}, unknown))",
        },
    }
    named = [(check, name, sql) for check, group in figures.items() for name, sql in group.items()]
    columns = ", ".join(f"{sql} AS f{i}" for i, (_, _, sql) in enumerate(named))
    row = engine.row(f"SELECT {columns} FROM {rows}")
    found: dict[str, dict[str, Any]] = {check: {} for check in figures}
    for i, (check, name, _) in enumerate(named):
        found[check][name] = row[f"f{i}"]
    return found


def _sums(field: Field) -> list[tuple[str, str]]:
    name = field.name
    match field.kind:
        case "number":
            return [(name, f"sum({name})"), (f"lowest {name}", f"min({name})"), (f"highest {name}", f"max({name})")]
        case "flag":
            return [(name, f"count_if({name})")]
        case "day":
            return [(f"earliest {name}", f"CAST(min({name}) AS VARCHAR)"), (f"latest {name}", f"CAST(max({name}) AS VARCHAR)")]
        case "income":
            return [(f"{name} in cents", f"sum(CAST(round({name} * 100) AS BIGINT))")]
        case _:
            return []


def _additions(engine: Engine, month: str, before: str) -> dict[str, Any]:
    added = ", ".join(f"sum((added >> {bit}) & 1) AS {name}" for bit, (_, name) in enumerate(PRODUCTS))
    return engine.row(
        f"SELECT count(*) AS 'customers of both months', count_if(added <> 0) AS buyers, {added} FROM ("
        f"SELECT m.holdings & ~b.holdings AS added FROM {month} m JOIN {before} b USING (customer_id))"
    )


def _differing_rows(engine: Engine, month: str, source: str, tables: str) -> list[Difference]:
    """Up to ROWS_NAMED customers whose rows differ, value by value."""
    either = " OR ".join(f"s.{name} IS DISTINCT FROM t.{name}" for name in [*_COMPARED, "unknown"])
    values = ", ".join(f"s.{name} AS s_{name}, t.{name} AS t_{name}" for name in [*_COMPARED, "unknown"])
    rows = engine.rows(f"""
        SELECT coalesce(s.customer_id, t.customer_id) AS customer, s.customer_id AS s_customer, t.customer_id AS t_customer,
          s.holdings AS s_holdings, t.mask AS t_holdings, {values}
        FROM {source} s FULL JOIN {tables} t ON s.customer_id = t.customer_id
        WHERE s.customer_id IS NULL OR t.customer_id IS NULL OR s.holdings IS DISTINCT FROM t.mask OR {either}
        ORDER BY customer LIMIT {ROWS_NAMED}""")
    found: list[Difference] = []
    for row in rows:
        where = f"customer {row['customer']}"
        if row["s_customer"] is None or row["t_customer"] is None:
            found.append(Difference(month, "row", "row", there(row["s_customer"]), there(row["t_customer"]), where))
            continue
        found += [Difference(month, "row", name, left, right, where) for name, left, right in _differing_values(row)]
    return found


def _differing_values(row: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    found = [(name, row[f"s_{name}"], row[f"t_{name}"]) for name in _COMPARED if row[f"s_{name}"] != row[f"t_{name}"]]
    for bit, (_, name) in enumerate(PRODUCTS):
        left, right = (_flag(row[f"{side}_holdings"], row[f"{side}_unknown"], bit) for side in ("s", "t"))
        if left != right:
            found.append((name, left, right))
    return found


def _flag(holdings: int | None, unknown: int | None, bit: int) -> bool | None:
    if holdings is None or (unknown or 0) >> bit & 1:
        return None
    return bool(holdings >> bit & 1)
