"""Bytes of whole lines to columns of texts, with malformed lines apart.

Columns come dictionary-encoded: a chunk has few distinct texts in most columns, so cleaning reads each text once. Most columns
have texts of one or two bytes throughout; these are read as such, which takes a third of the time, and encoded by a table.
"""

import csv
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from santander.ingest.arrangement import USUAL, Arrangement

OPEN_QUOTE = "open_quote"
FIELD_COUNT = "wrong_number_of_fields"
STRAY_RETURN = "stray_carriage_return"

_TEXT = pa.dictionary(pa.int32(), pa.string())
_CODES: dict[int, type[np.unsignedinteger[Any]]] = {1: np.uint8, 2: np.uint16}
"""Lengths of texts that are read as numbers, and as which."""
_MOST_BY_BYTE = 127
_SAMPLE_BYTES, _SAMPLE_LINES = 1 << 15, 100
_NAMED_COLUMN = re.compile(r"CSV column #([0-9]+)")
_NEWLINE = ord("\n")
csv.field_size_limit(2**31 - 1)  # a long field is a matter of the rules, not of the reader


Texts: TypeAlias = "pa.DictionaryArray | pa.StringArray"


@dataclass(frozen=True)
class KnownColumns:
    """Positions of a file's columns by what their texts are like, kept from one chunk to the next."""

    distinct: frozenset[int] = frozenset()
    """Most texts differ: they come as they are, since a dictionary would be as long as the chunk."""
    uneven: set[int] = field(default_factory=set)
    """Some texts are longer than those at the beginning of a chunk."""


@dataclass(frozen=True)
class ParsedChunk:
    """The records of one chunk of a landing file.

    ``texts`` holds one column per field, most dictionary-encoded; ``positions[i]`` is the line of record i, counted from 0
    within the chunk; ``malformed`` maps the positions of malformed lines to the rule they break.
    """

    data: bytes
    texts: list[Texts]
    positions: npt.NDArray[np.int64]
    malformed: dict[int, str] = field(default_factory=dict)
    corrections: pa.Array | None = None
    """For each record of a file of corrections the quarantine id it was sent back under, null where that is empty."""
    columns: Arrangement = USUAL
    """Positions of the columns in a line; ``texts`` are those of all fields until they are arranged."""

    @cached_property
    def _line_ends(self) -> npt.NDArray[np.int64]:
        return np.flatnonzero(np.frombuffer(self.data, np.uint8) == _NEWLINE)

    def line(self, position: int) -> str:
        """Return the text of one line as delivered."""
        start = int(self._line_ends[position - 1]) + 1 if position else 0
        end = int(self._line_ends[position]) if position < len(self._line_ends) else len(self.data)
        return self.data[start:end].decode().rstrip("\r")

    def record(self, position: int) -> str:
        """Return the text of the line of a record, its columns in the order of the rules."""
        return self.columns.usual(self.line(position))


def parse(data: bytes, n_lines: int, n_columns: int, known: KnownColumns | None = None) -> ParsedChunk:
    """Split a chunk of ``n_lines`` whole lines into records of ``n_columns`` texts; one record is one line.

    ``known`` is what is known of the file's columns; it decides how they are read, never what is read.

    The csv reader takes an unclosed quote to go on in the next line, and a lone carriage return for the end of one. Either
    shows in its count of rows, but for a quote in the last line, and the chunk is read again with those lines cut out.
    """
    known = known or KnownColumns()
    records = _read(data, n_columns, known)
    if records.rows_seen == n_lines and not _unreadable(_last_line(data)) and not _has_stray_return(data):
        return _parsed(data, records, np.arange(n_lines))
    lines = data.split(b"\n")[:n_lines]
    unreadable = {i: reason for i, line in enumerate(lines) if (reason := _unreadable(line))}
    readable = np.array([i for i in range(n_lines) if i not in unreadable], dtype=np.int64)
    rest = b"".join(lines[i] + b"\n" for i in readable)
    return _parsed(data, _read(rest, n_columns, known), readable, unreadable)


@dataclass(frozen=True, slots=True)
class _Records:
    texts: list[Texts]
    wrong_rows: list[int]
    rows_seen: int


def _parsed(
    data: bytes, records: _Records, positions: npt.NDArray[np.int64], unreadable: dict[int, str] | None = None
) -> ParsedChunk:
    malformed = {int(positions[row]): FIELD_COUNT for row in records.wrong_rows} | (unreadable or {})
    return ParsedChunk(data, records.texts, np.delete(positions, records.wrong_rows), malformed)


def _read(data: bytes, n_columns: int, known: KnownColumns) -> _Records:
    names = [str(position) for position in range(n_columns)]
    if not data:
        return _Records([pa.array([], _TEXT) for _ in names], [], 0)
    texts = {name: pa.string() if i in known.distinct else _TEXT for i, name in enumerate(names)}
    short = {names[i]: pa.binary(width) for i, width in _widths(data, n_columns).items() if i not in known.uneven}
    try:
        return _converted(data, texts | short)
    except pa.ArrowInvalid as error:
        # a text of another length further on; the reader names the first such column, and the next chunk reads it as text
        if named := _NAMED_COLUMN.search(str(error)):
            known.uneven.add(int(named[1]))
        return _converted(data, texts)


def _widths(data: bytes, n_columns: int) -> dict[int, int]:
    """Columns whose texts in the first lines are all empty or of one length, one or two bytes."""
    head = data[:_SAMPLE_BYTES].decode(errors="replace").replace("\r", "").split("\n")[:_SAMPLE_LINES]
    rows = [fields for fields in csv.reader(head) if len(fields) == n_columns and all(map(str.isascii, fields))]
    found: dict[int, int] = {}
    for position, texts in enumerate(zip(*rows, strict=True)):
        lengths = {len(text) for text in texts if text}
        if len(lengths) == 1 and lengths <= _CODES.keys():
            found[position] = lengths.pop()
    return found


def _converted(data: bytes, types: dict[str, pa.DataType]) -> _Records:
    wrong: list[int] = []

    def note_wrong(row: pa_csv.InvalidRow) -> str:
        wrong.append(row.number - 1)
        return "skip"

    table = pa_csv.read_csv(
        pa.BufferReader(data),
        read_options=pa_csv.ReadOptions(column_names=list(types), use_threads=False, block_size=len(data) + 1),
        parse_options=pa_csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=note_wrong),
        convert_options=pa_csv.ConvertOptions(
            column_types=types,
            null_values=[""],  # of texts of one length alone
            strings_can_be_null=False,
            check_utf8=False,  # the survey has checked the bytes
        ),
    )
    return _Records([_one_array(column) for column in table.columns], wrong, table.num_rows + len(wrong))


def _one_array(column: pa.ChunkedArray) -> Texts:
    if pa.types.is_string(column.type):
        return column.combine_chunks()
    if pa.types.is_fixed_size_binary(column.type):
        return _encoded(column.combine_chunks())
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()


def _encoded(texts: pa.FixedSizeBinaryArray) -> pa.DictionaryArray:
    """Texts of one or two bytes as a dictionary; null is the empty text."""
    width = texts.type.byte_width
    whole = texts.fill_null(b" " * width) if texts.null_count else texts
    codes = np.frombuffer(whole.buffers()[1], _CODES[width])[whole.offset : whole.offset + len(whole)]
    present = np.zeros(1 << 8 * width, np.bool_)
    present[codes] = True
    found = present.nonzero()[0].astype(_CODES[width])
    distinct = [code.tobytes().decode() for code in found]
    positions = np.zeros(len(present), np.int8 if len(distinct) < _MOST_BY_BYTE else np.int32)
    positions[found] = np.arange(len(found))
    indices = positions.take(codes)
    if texts.null_count:
        indices[texts.is_null().to_numpy(zero_copy_only=False)] = len(distinct)
        distinct.append("")
    return pa.DictionaryArray.from_arrays(indices, pa.array(distinct, pa.string()))


def _last_line(data: bytes) -> bytes:
    end = len(data) - data.endswith(b"\n")
    return data[data.rfind(b"\n", 0, end) + 1 : end]


def _has_stray_return(data: bytes) -> bool:
    return b"\r" in data and data.count(b"\r") != data.count(b"\r\n")


def _unreadable(line: bytes) -> str | None:
    line = line.removesuffix(b"\r")
    if b"\r" in line:
        return STRAY_RETURN
    if b'"' in line and next(csv.reader([line.decode() + "\n"]))[-1].endswith("\n"):
        return OPEN_QUOTE
    return None
