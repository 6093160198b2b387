"""The figures of ``month_profiles`` recounted: rows, nulls and values of each slice, and what changed since the month before."""

from collections.abc import Mapping, Sequence
from typing import Any

from santander.audit.engine import Engine, literal
from santander.audit.findings import Findings
from santander.audit.live import parquet

_BANDS = {"0-19": (0, 19), "20-25": (20, 25), "26-35": (26, 35), "36-50": (36, 50), "51-65": (51, 65), "66+": (66, 999)}
_SEGMENTS = {"unknown": None, "top": 1, "individuals": 2, "students": 3}
_AGES = {f"age {name}": f"age BETWEEN {low} AND {high}" for name, (low, high) in _BANDS.items()} | {"age unknown": "age IS NULL"}
_NUMBERS = frozenset({"seniority_months", "household_income", "joined_on", "last_primary_on", "holdings"})
"""Columns of which ranges, years or bits are counted: their values are not recounted here."""


def compare_profiles(
    engine: Engine, findings: Findings, profiles: Sequence[str], tables: Mapping[str, Sequence[str]], before: Sequence[str]
) -> None:
    """Compare what ``profiles`` says of ``customers`` and ``features``, whose files are in ``tables``, with a recount.

    ``before`` are the files of ``customers`` of the month before.
    """
    for table, files in tables.items():
        rows = engine.rows(f'SELECT * FROM {parquet(profiles)} WHERE "table" = {literal(table)}')
        if not rows or not files:
            continue
        columns = sorted({row["column"] for row in rows})
        held = {(row["slice"], row["column"]): row for row in rows}
        _compare_slices(engine, findings, table, columns, held, files)
        if table == "customers":
            _compare_values(engine, findings, columns, held, files)
            if before:
                _compare_changes(engine, findings, columns, held, (files, before))


def _slices(table: str) -> dict[str, str]:
    """The slices as conditions; in ``features`` a segment is its number."""
    digit = "segment" if table == "features" else "CAST(left(segment, 2) AS INTEGER)"
    segments = {
        f"segment {name}": "segment IS NULL" if number is None else f"{digit} = {number}" for name, number in _SEGMENTS.items()
    }
    return {"all": "true", "new": "is_new", "active": "is_active"} | segments | _AGES


def _compare_slices(
    engine: Engine, findings: Findings, table: str, columns: Sequence[str], held: Mapping[Any, Any], files: Sequence[str]
) -> None:
    counted = ", ".join(f"count({column}) AS {column}" for column in columns)
    for name, condition in _slices(table).items():
        found = engine.row(f'SELECT count(*) AS "rows", {counted} FROM {parquet(files)} WHERE {condition}')
        rows = found.pop("rows")
        source = {column: (rows, rows - known) for column, known in found.items()} if rows else {}
        there = {row["column"]: (row["rows"], row["nulls"]) for (of, _), row in held.items() if of == name}
        findings.compare(f"month_profiles of {table}, {name}", {"rows and nulls": source}, {"rows and nulls": there})


def _compare_values(
    engine: Engine, findings: Findings, columns: Sequence[str], held: Mapping[Any, Any], files: Sequence[str]
) -> None:
    for column in columns:
        if column in _NUMBERS:
            continue
        counted = engine.rows(
            f"SELECT CAST({column} AS VARCHAR) AS value, count(*) AS n FROM {parquet(files)} "
            f"WHERE {column} IS NOT NULL GROUP BY 1"
        )
        row = held["all", column]
        source = {each["value"]: each["n"] for each in counted}
        findings.compare(
            "month_profiles of customers", {column: source}, {column: dict(zip(row["values"], row["counts"], strict=True))}
        )


def _compare_changes(
    engine: Engine,
    findings: Findings,
    columns: Sequence[str],
    held: Mapping[Any, Any],
    months: tuple[Sequence[str], Sequence[str]],
) -> None:
    compared = [column for column in columns if column not in _NUMBERS]
    counted = ", ".join(
        f'count(*) FILTER (m.{each} IS NOT NULL AND b.{each} IS NOT NULL) AS "compared {each}", '
        f'count(*) FILTER (m.{each} <> b.{each}) AS "changed {each}"'
        for each in compared
    )
    month, before = map(parquet, months)
    source = engine.row(f"SELECT {counted} FROM {month} m JOIN {before} b ON m.customer_id = b.customer_id")
    there = {f"{figure} {each}": held["all", each][figure] for each in compared for figure in ("compared", "changed")}
    findings.compare("month_profiles of customers", source, there)
