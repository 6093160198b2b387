"""Landing lines to rows of ``customers`` and ``quarantine`` by the rules of ``schema``, in Arrow: alike on every engine.

The rule of a column is applied to the distinct texts of a chunk (``column_values.py``), a rule between columns to all of its rows
at once (``contradictions.py``).
"""

import csv

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.ingest.column_values import CleanColumn, clean_column, customer_ids
from santander.ingest.contradictions import VALUE_REASONS, where, without_contradictions
from santander.ingest.parsing import OPEN_QUOTE, ParsedChunk
from santander.lake.ingestions import UNKNOWN_MONTH
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.columns import COLUMNS, PRODUCT_COLUMNS, Column
from santander.schema.types import arrow_schema, file_schema

BAD_FLAG = "bad_product_flag"
_DATED = r"^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}$"

BAD_VALUE = pa.struct([("column", pa.string()), ("reason", pa.string()), ("raw", pa.string())])
_OF_LINE: tuple[tuple[str, pa.DataType], ...] = (
    ("file_index", pa.int32()),
    ("line", pa.int64()),
    ("row_reason", pa.string()),
    ("row_month", pa.string()),
    ("row_raw", pa.string()),
    ("row_customer_id", pa.int64()),
    ("bad_values", pa.list_(BAD_VALUE)),
    ("correction_of", pa.string()),
)
LINE_SCHEMA = pa.schema([*arrow_schema(c for c in CUSTOMERS.columns if c[0] in {PARTITION, CUSTOMERS.key[0]}), *_OF_LINE])
"""Outcome of a line: of a record its month and customer; where ``row_reason`` is set, a line for quarantine with its text, the
month it counts under and its customer where these can be read. ``bad_values`` are texts of a kept record that were made null,
``correction_of`` is the quarantine id of a record of a file of corrections."""
CLEAN_SCHEMA = pa.schema([*file_schema(CUSTOMERS.columns), *_OF_LINE])
"""A row of customers with the outcome of its line; its texts are dictionaries, which is how they are made and written soonest."""
RECORD_SCHEMA = arrow_schema(column for column in CUSTOMERS.columns if column[0] != PARTITION)
"""A record in a file of customers, whose folder says the month."""


def clean(chunk: ParsedChunk, first_line: int, file_index: int, *, null_spellings: tuple[str, ...]) -> pa.RecordBatch:
    """Return all lines of a chunk as rows of CLEAN_SCHEMA: records in order, then malformed lines.

    ``null_spellings`` are texts that say nothing, beside those of the format itself (the setting ``ingest.null_spellings``).
    """
    n_rows = len(chunk.positions)
    columns = {c.name: clean_column(c, texts, null_spellings) for c, texts in zip(COLUMNS, chunk.texts, strict=False)}
    reasons = _row_reasons(columns, n_rows)
    columns = without_contradictions(columns, chunk.texts)
    broken = np.flatnonzero(reasons != None)  # noqa: E711  (elementwise on an object array)

    arrays: dict[str, pa.Array] = {name: column.values for name, column in columns.items()}
    if len(chunk.texts) == len(COLUMNS):
        arrays["holdings"] = _holdings([arrays[column.name] for column in PRODUCT_COLUMNS], n_rows)
    if len(broken):
        whole = pa.array(reasons == None)  # noqa: E711
        keys = arrays["customer_id"]
        arrays = {name: where(whole, array) for name, array in arrays.items()}
        arrays["row_reason"] = pa.array(reasons, pa.string())
        arrays["row_month"] = _at(broken, n_rows, [_month_of(chunk.texts[0][i].as_py()) for i in broken])
        arrays["row_raw"] = _at(broken, n_rows, [chunk.record(int(chunk.positions[i])) for i in broken])
        arrays["row_customer_id"] = pc.if_else(whole, None, keys)
    arrays["file_index"] = pa.repeat(pa.scalar(file_index, pa.int32()), n_rows)
    arrays["line"] = pa.array(chunk.positions + first_line)
    bad_values = _bad_values(columns, chunk, reasons, n_rows)
    if bad_values is not None:
        arrays["bad_values"] = bad_values
    if chunk.corrections is not None:
        arrays["correction_of"] = chunk.corrections
    records = _batch(arrays, n_rows)
    return _append_malformed(records, chunk, first_line, file_index) if chunk.malformed else records


def records_of(lines: pa.RecordBatch) -> pa.RecordBatch:
    """The records among cleaned lines, with the columns of ``customers``."""
    broken = lines.column(lines.schema.get_field_index("row_reason"))
    whole = lines if broken.null_count == lines.num_rows else lines.filter(pc.is_null(broken))
    return whole.select([name for name, _ in CUSTOMERS.columns])


def reason_of(column: Column) -> str:
    """Return the reason of a row that a column breaks."""
    return BAD_FLAG if column in PRODUCT_COLUMNS else f"bad_{column.name}"


def _row_reasons(columns: dict[str, CleanColumn], n_rows: int) -> npt.NDArray[np.object_]:
    reasons = np.full(n_rows, None, dtype=object)
    for column in reversed(COLUMNS):
        clean_one = columns.get(column.name)
        if column.breaks_row and clean_one is not None and clean_one.status is not None:
            reasons[clean_one.status != 0] = reason_of(column)
    return reasons


def _holdings(flags: list[pa.Array], n_rows: int) -> pa.Array:
    holdings = np.zeros(n_rows, np.int32)
    for bit, flag in enumerate(flags):
        holdings |= pc.fill_null(flag, False).cast(pa.int8()).to_numpy().astype(np.int32) << bit
    return pa.array(holdings)


def _bad_values(
    columns: dict[str, CleanColumn], chunk: ParsedChunk, reasons: npt.NDArray[np.object_], n_rows: int
) -> pa.Array | None:
    found: dict[int, list[dict[str, str | None]]] = {}
    for position, column in enumerate(COLUMNS[: len(chunk.texts)]):
        status = columns[column.name].status
        if column.breaks_row or status is None:
            continue
        for i in np.flatnonzero(status):
            if reasons[i] is None:
                text = chunk.texts[position][int(i)].as_py()
                found.setdefault(int(i), []).append({"column": column.name, "reason": VALUE_REASONS[status[i] - 1], "raw": text})
    if not found:
        return None
    return pa.array([found.get(i) for i in range(n_rows)], pa.list_(BAD_VALUE))


def _append_malformed(records: pa.RecordBatch, chunk: ParsedChunk, first_line: int, file_index: int) -> pa.RecordBatch:
    positions = sorted(chunk.malformed)
    raws = [chunk.line(position) for position in positions]
    dates, keys = zip(*(_date_and_key(chunk, position) for position in positions), strict=True)
    arrays = {
        "file_index": pa.array([file_index] * len(positions), pa.int32()),
        "line": pa.array([position + first_line for position in positions], pa.int64()),
        "row_reason": pa.array([chunk.malformed[position] for position in positions], pa.string()),
        "row_month": pa.array([_month_of(date) for date in dates], pa.string()),
        "row_raw": pa.array(raws, pa.string()),
        "row_customer_id": customer_ids(keys),
    }
    both = pa.Table.from_batches([records, _batch(arrays, len(positions))]).unify_dictionaries().combine_chunks()
    return both.to_batches()[0]


def _date_and_key(chunk: ParsedChunk, position: int) -> tuple[str, str]:
    """Return the texts of date and key of a malformed line, empty where the line is too short.

    Behind an open quote no field is sure: where the line does not begin with its date and key they count as empty.
    """
    date, key = chunk.columns.places[:2]
    if chunk.malformed[position] == OPEN_QUOTE and (date, key) != (0, 1):
        return "", ""
    fields = dict(enumerate(next(csv.reader([chunk.line(position).replace("\r", "\x00")]), [])))
    return fields.get(date, ""), fields.get(key, "")


def _month_of(date_text: str) -> str:
    text = date_text.strip()
    return text[:7] if pc.match_substring_regex(pa.scalar(text), _DATED).as_py() else UNKNOWN_MONTH


def _at(rows: npt.NDArray[np.int64], n_rows: int, values: list[str]) -> pa.Array:
    spread = np.full(n_rows, None, dtype=object)
    spread[rows] = values
    return pa.array(spread, pa.string())


def _batch(arrays: dict[str, pa.Array], n_rows: int) -> pa.RecordBatch:
    columns = [arrays[f.name].cast(f.type) if f.name in arrays else pa.nulls(n_rows, f.type) for f in CLEAN_SCHEMA]
    return pa.RecordBatch.from_arrays(columns, schema=CLEAN_SCHEMA)
