"""Texts to typed values by the rules of ``schema.columns`` and ``schema.between_columns``, in Arrow, alike on both engines.

The rule of a column is applied to the distinct texts of a chunk, a rule between columns to all of its rows at once.
"""

import csv
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.ingest.parsing import ParsedChunk, Texts
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.columns import COLUMNS, PRODUCT_COLUMNS, TRUE_TEXTS, Column
from santander.schema.types import arrow_schema, arrow_type, file_schema

UNKNOWN_MONTH = "unknown"
UNREADABLE = "unreadable"
OUT_OF_RANGE = "out_of_range"

VALUE_REASONS = (UNREADABLE, OUT_OF_RANGE, *(rule.name for rule in BETWEEN_COLUMNS))
"""Why a value of a kept record is null and its text in quarantine."""
_STATUS = (None, *VALUE_REASONS)
NO_DAMAGE = tuple(rule.name for rule in BETWEEN_COLUMNS if not rule.is_damage)
"""Those of them that do not count for the share of a month that may go to quarantine."""
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
STAGED_SCHEMA = pa.schema([*arrow_schema(CUSTOMERS.columns), *_OF_LINE])
"""One line of a landing file: a record as ``customers`` takes it, or, where ``row_reason`` is set, a line for quarantine
with its text, the month it counts under and its customer where that can be told; ``bad_values`` are texts of a kept record
that were made null, ``correction_of`` is the quarantine id of a record of a file of corrections."""
LINE_SCHEMA = pa.schema([*(STAGED_SCHEMA.field(name) for name in (PARTITION, CUSTOMERS.key[0])), *_OF_LINE])
"""What of a staged line says where it goes: month and customer of a record, and all that is not its values."""
_CLEAN_SCHEMA = pa.schema([*file_schema(CUSTOMERS.columns), *_OF_LINE])
"""STAGED_SCHEMA with the texts of customers as dictionaries, which is how they are made and how a file takes them soonest."""

_KEY = COLUMNS[1]
_POSITION = {column.name: position for position, column in enumerate(COLUMNS)}
_FEW = 64
"""Distinct texts up to which what the rule said of them is kept for the next chunk."""
NUMBERS = frozenset(position for position, column in enumerate(COLUMNS) if column.type in {"bigint", "double"})
"""Columns whose texts are nearly all different: keys and amounts."""


@dataclass(frozen=True, slots=True)
class CleanColumn:
    """One column of a chunk: typed values, and per row 0 when legal or missing, else a position in ``_STATUS``."""

    values: pa.Array
    status: npt.NDArray[np.int8] | None


def clean(
    chunk: ParsedChunk, first_line: int, file_index: int, n_leading: int = 0, *, null_spellings: tuple[str, ...]
) -> pa.RecordBatch:
    """All lines of a chunk as rows of STAGED_SCHEMA, texts of customers as dictionaries: records in order, then malformed lines.

    ``null_spellings`` are texts that say nothing, beside those of the format itself (the setting ``ingest.null_spellings``).
    ``n_leading`` fields stand before the first column in the lines of a file of corrections; ``chunk.texts`` begins after them.
    """
    n_rows = len(chunk.positions)
    columns = {c.name: clean_column(c, texts, null_spellings) for c, texts in zip(COLUMNS, chunk.texts, strict=False)}
    reasons = _row_reasons(columns, n_rows)
    columns = _ruled_together(columns, chunk.texts)
    broken = np.flatnonzero(reasons != None)  # noqa: E711  (elementwise on an object array)

    arrays: dict[str, pa.Array] = {name: column.values for name, column in columns.items()}
    if len(chunk.texts) == len(COLUMNS):
        arrays["holdings"] = _holdings([arrays[column.name] for column in PRODUCT_COLUMNS], n_rows)
    if len(broken):
        whole = pa.array(reasons == None)  # noqa: E711
        keys = arrays["customer_id"]
        arrays = {name: _where(whole, array) for name, array in arrays.items()}
        arrays["row_reason"] = pa.array(reasons, pa.string())
        arrays["row_month"] = _at(broken, n_rows, [_month_of(chunk.texts[0][i].as_py()) for i in broken])
        arrays["row_raw"] = _at(broken, n_rows, [chunk.line(int(chunk.positions[i])) for i in broken])
        arrays["row_customer_id"] = pc.if_else(whole, None, keys)
    arrays["file_index"] = pa.repeat(pa.scalar(file_index, pa.int32()), n_rows)
    arrays["line"] = pa.array(chunk.positions + first_line)
    bad_values = _bad_values(columns, chunk, reasons, n_rows)
    if bad_values is not None:
        arrays["bad_values"] = bad_values
    if chunk.corrections is not None:
        arrays["correction_of"] = chunk.corrections
    records = _batch(arrays, n_rows)
    return _append_malformed(records, chunk, first_line, file_index, n_leading) if chunk.malformed else records


def records_of(lines: pa.RecordBatch) -> pa.RecordBatch:
    """The records among cleaned lines, with the columns of ``customers``."""
    broken = lines.column(lines.schema.get_field_index("row_reason"))
    whole = lines if broken.null_count == lines.num_rows else lines.filter(pc.is_null(broken))
    return whole.select([name for name, _ in CUSTOMERS.columns])


def clean_column(column: Column, texts: Texts, null_spellings: tuple[str, ...] = ()) -> CleanColumn:
    """Apply one column's rule to its distinct texts, then spread the outcome over the rows; texts stay a dictionary."""
    if not isinstance(texts, pa.DictionaryArray):
        plain = _plain_numbers(column, texts, null_spellings)
        return plain or clean_column(column, texts.dictionary_encode(), null_spellings)
    distinct = texts.dictionary
    if len(distinct) <= _FEW:
        ruled = _ruled_before(column, tuple(distinct.to_pylist()), null_spellings)
    else:
        ruled = _ruled(column, distinct, null_spellings)
    if isinstance(ruled.values, pa.DictionaryArray):
        spread = pa.DictionaryArray.from_arrays(ruled.values.indices.take(texts.indices), ruled.values.dictionary)
    else:
        spread = ruled.values.take(texts.indices)
    return CleanColumn(spread, None if ruled.status is None else ruled.status[texts.indices.to_numpy()])


@lru_cache(maxsize=1024)
def _ruled_before(column: Column, texts: tuple[str, ...], null_spellings: tuple[str, ...]) -> CleanColumn:
    """One chunk after the other has the same few texts in most columns."""
    return _ruled(column, pa.array(texts, pa.string()), null_spellings)


def _ruled(column: Column, texts: pa.StringArray, null_spellings: tuple[str, ...]) -> CleanColumn:
    """The rule applied to texts; where they stay texts, as a dictionary, since two may say the same and one nothing."""
    trimmed = pc.utf8_trim_whitespace(texts)
    silent = pc.is_in(trimmed, pa.array(column.silent(null_spellings), pa.string()))
    legal = pc.match_substring_regex(trimmed, f"^(?:{column.pattern})$")
    values = _cast(column, pc.if_else(pc.and_not(legal, silent), trimmed, None))
    status = np.where(pc.or_(silent, pc.is_valid(values)).to_numpy(zero_copy_only=False), 0, 1).astype(np.int8)
    if column.low is not None or column.high is not None:
        outside = pc.fill_null(_outside(column, values), False)
        values = pc.if_else(outside, None, values)
        status[outside.to_numpy(zero_copy_only=False)] = 2
    values = values.cast(arrow_type(column.type))
    return CleanColumn(values.dictionary_encode() if column.type == "string" else values, status if status.any() else None)


def _plain_numbers(column: Column, texts: pa.StringArray, null_spellings: tuple[str, ...]) -> CleanColumn | None:
    """The same for a column of numbers that are all written plainly, or silent; None where any is not.

    How many digits stand before a point and after it says all that the pattern says, and takes no look at each text.
    """
    if not column.digits or not len(texts):
        return None
    says_nothing = column.silent(null_spellings)
    silent = pc.is_in(texts, pa.array(says_nothing, pa.string())) if says_nothing else None
    written = texts if silent is None else texts.filter(pc.invert(silent))
    ends = np.frombuffer(written.buffers()[1], np.int32)[written.offset : written.offset + len(written) + 1]
    characters = np.frombuffer(written.buffers()[2] or b"", np.uint8)[ends[0] : ends[-1]]
    if not _are_plain(characters, ends - ends[0], column.digits, column.decimals):
        return None
    values = _cast(column, texts if silent is None else pc.if_else(silent, None, texts))
    if pc.any(_outside(column, values)).as_py():
        return None
    return CleanColumn(values.cast(arrow_type(column.type)), None)


def _are_plain(characters: npt.NDArray[np.uint8], ends: npt.NDArray[np.int32], most_whole: int, most_fraction: int) -> bool:
    """Whether all texts, which lie one after another, are digits, or digits, a point and digits, up to so many of each."""
    points = np.flatnonzero((characters < ord("0")) | (characters > ord("9")))
    if not (characters[points] == ord(".")).all():
        return False
    texts = np.searchsorted(ends, points, side="right") - 1
    if not (np.diff(texts) > 0).all():
        return False
    whole = np.diff(ends)
    whole[texts] = points - ends[texts]
    fraction = ends[texts + 1] - 1 - points
    return _between(whole, most_whole) and _between(fraction, most_fraction)


def _between(lengths: npt.NDArray[np.integer], most: int) -> bool:
    return not len(lengths) or bool(lengths.min() >= 1 and lengths.max() <= most)


def _cast(column: Column, texts: pa.Array) -> pa.Array:
    """Typed values of texts that match the pattern, null elsewhere; integers stay 64 bits wide until the range is checked."""
    match column.type:
        case "string":
            return pc.utf8_slice_codeunits(texts, 0, 1) if column.first_character_only else texts
        case "boolean":
            return pc.if_else(pc.is_valid(texts), pc.is_in(texts, pa.array(TRUE_TEXTS)), None)
        case "date":
            return pa.array([_calendar_day(text) for text in texts.to_pylist()], pa.date32())
        case "double":
            return texts.cast(pa.float64())
        case _:
            return texts.cast(pa.int64())


def _calendar_day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _outside(column: Column, values: pa.Array) -> pa.BooleanArray:
    """Compared in the column's own type: against a float, Arrow refuses integers that no double can hold."""
    sides = [
        compare(values, pa.scalar(bound, values.type))
        for compare, bound in ((pc.less, column.low), (pc.greater, column.high))
        if bound is not None
    ]
    return reduce(pc.or_, sides)


def _row_reasons(columns: dict[str, CleanColumn], n_rows: int) -> npt.NDArray[np.object_]:
    reasons = np.full(n_rows, None, dtype=object)
    products = {column.name for column in PRODUCT_COLUMNS}
    for column in reversed(COLUMNS):
        clean_one = columns.get(column.name)
        if column.breaks_row and clean_one is not None and clean_one.status is not None:
            reasons[clean_one.status != 0] = "bad_product_flag" if column.name in products else f"bad_{column.name}"
    return reasons


@dataclass(frozen=True)
class _Records:
    """A chunk's records as the rules between columns see them."""

    columns: dict[str, CleanColumn]
    delivered: Sequence[Texts]

    def values(self, column: str) -> pa.Array:
        return self.columns[column].values

    def texts(self, column: str, rows: npt.NDArray[np.intp]) -> list[str]:
        texts = self.delivered[_POSITION[column]].take(pa.array(rows)).cast(pa.string())
        return list(pc.utf8_trim_whitespace(texts).to_pylist())


def _ruled_together(columns: dict[str, CleanColumn], texts: Sequence[Texts]) -> dict[str, CleanColumn]:
    """Return the columns with values null in the rows that break a rule between them.

    Every rule judges what the columns' own rules have left; a value that several make null has the reason of the first.
    """
    records, ruled = _Records(columns, texts), dict(columns)
    for code, rule in enumerate(BETWEEN_COLUMNS, start=len(_STATUS) - len(BETWEEN_COLUMNS)):
        if (broken := rule.broken(records)) is not None:
            ruled |= {name: _nulled(ruled[name], broken, code) for name in rule.makes_null}
    return ruled


def _nulled(column: CleanColumn, rows: npt.NDArray[np.bool_], code: int) -> CleanColumn:
    known = rows & pc.is_valid(column.values).to_numpy(zero_copy_only=False)
    status = np.zeros(len(rows), np.int8) if column.status is None else column.status
    return CleanColumn(_where(pa.array(~known), column.values), np.where(known, np.int8(code), status))


def _where(whole: pa.BooleanArray, array: pa.Array) -> pa.Array:
    if isinstance(array, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(pc.if_else(whole, array.indices, None), array.dictionary)
    return pc.if_else(whole, array, None)


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
                found.setdefault(int(i), []).append({"column": column.name, "reason": _STATUS[status[i]], "raw": text})
    if not found:
        return None
    return pa.array([found.get(i) for i in range(n_rows)], pa.list_(BAD_VALUE))


def _append_malformed(
    records: pa.RecordBatch, chunk: ParsedChunk, first_line: int, file_index: int, n_leading: int
) -> pa.RecordBatch:
    positions = sorted(chunk.malformed)
    raws = [chunk.line(position) for position in positions]
    dates, keys = zip(*(_date_and_key(raw, n_leading) for raw in raws), strict=True)
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


def _date_and_key(raw: str, n_leading: int) -> tuple[str, str]:
    """The texts of the date and the key of a line that is no record, empty where it is too short; a lone return is no digit."""
    fields = next(csv.reader([raw.replace("\r", "\x00")]), [])[n_leading:]
    date, key = [*fields, "", ""][:2]
    return date, key


def customer_ids(texts: Sequence[str]) -> pa.Array:
    """The keys that the texts are by the rule of their column, null where they are none."""
    return clean_column(_KEY, pa.array(texts, pa.string()).dictionary_encode()).values


def _month_of(date_text: str) -> str:
    text = date_text.strip()
    return text[:7] if pc.match_substring_regex(pa.scalar(text), _DATED).as_py() else UNKNOWN_MONTH


def _at(rows: npt.NDArray[np.int64], n_rows: int, values: list[str]) -> pa.Array:
    spread = np.full(n_rows, None, dtype=object)
    spread[rows] = values
    return pa.array(spread, pa.string())


def _batch(arrays: dict[str, pa.Array], n_rows: int) -> pa.RecordBatch:
    columns = [arrays[f.name].cast(f.type) if f.name in arrays else pa.nulls(n_rows, f.type) for f in _CLEAN_SCHEMA]
    return pa.RecordBatch.from_arrays(columns, schema=_CLEAN_SCHEMA)
