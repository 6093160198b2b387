"""The SQL of rules between columns finds in rows of ``customers`` what the audit finds in the lines they came from."""

import datetime as dt
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from santander.audit.engine import open_engine
from santander.ingest.column_values import clean_column
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.catalogue import CUSTOMERS
from santander.schema.columns import COLUMNS, Column
from tests.ingest.oracle import judged
from tests.landing_files import LEGAL, landing_file, record
from tests.quality.rows import frame_of

COLUMN = {column.name: column for column in COLUMNS}
SPAN = 4
"""A number or a day of an example is tried with so many before and behind it: the border of a rule lies near."""
MOST_LINES = 3_000


def value_of(column: Column, text: str) -> Any:
    return clean_column(column, pa.array([text]).dictionary_encode()).values[0].as_py()


LEGAL_VALUES = {name: value_of(column, LEGAL[column.source].strip(' "')) for name, column in COLUMN.items()}


def texts_near(column: Column, text: str) -> list[str]:
    """An example's text, others near it that are legal too, the text of a good record, and one that says nothing."""
    value = value_of(column, text)
    near: list[str] = list(column.values)
    if isinstance(value, dt.date):
        near += [str(value + dt.timedelta(days=step)) for step in range(-SPAN, SPAN + 1)]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        near += [str(value + step) for step in range(-SPAN, SPAN + 1)]
    near = [each for each in (*near, LEGAL[column.source].strip(' "')) if value_of(column, each) is not None]
    return list(dict.fromkeys([text, *near, "" if "" in column.missing else text]))


def combinations() -> Iterator[tuple[str, dict[str, str]]]:
    """Rules with SQL, each with texts by column near those of its example."""
    for rule in BETWEEN_COLUMNS:
        if rule.sql:
            texts = [texts_near(COLUMN[name], rule.breaks_it.get(name, LEGAL[COLUMN[name].source])) for name in rule.columns]
            for chosen in islice(product(*texts), MOST_LINES):
                yield rule.name, dict(zip(rule.columns, chosen, strict=True))


@pytest.mark.plan
def test_validation_finds_the_rows_that_the_audit_finds(session: SparkSession, tmp_path: Path) -> None:
    tried = list(combinations())
    lines = [record(i, **{COLUMN[name].source: text for name, text in texts.items()}) for i, (_, texts) in enumerate(tried, 2)]
    rows = [
        LEGAL_VALUES | {name: value_of(COLUMN[name], text) for name, text in texts.items()} | {"holdings": 0, "line": i}
        for i, (_, texts) in enumerate(tried, 2)
    ]
    with open_engine(tmp_path, 1_000_000_000) as duckdb:
        by_audit = judged(duckdb, landing_file(tmp_path / "a.csv", lines))
    frame = frame_of(session, CUSTOMERS, rows, ("line", "int"))
    for rule in (rule for rule in BETWEEN_COLUMNS if rule.sql):
        asked = {i for i, (name, _) in enumerate(tried, 2) if name == rule.name}
        found = {*frame.where(rule.sql).select("line").toArrow()["line"].to_pylist()} & asked
        expected = {i for i in asked if rule.name in {reason for _, reason, _ in by_audit[i]["bad"]}}
        assert expected, f"{rule.name}: no line breaks it"
        assert {i: tried[i - 2][1] for i in found ^ expected} == {}, rule.name
