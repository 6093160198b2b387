"""Bytes of whole lines to columns of texts, with the lines that are no record told apart.

Columns come dictionary-encoded: a chunk has few distinct texts in most columns, so cleaning reads each text once.
"""

import csv
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

OPEN_QUOTE = "open_quote"
FIELD_COUNT = "wrong_number_of_fields"
STRAY_RETURN = "stray_carriage_return"

_NEWLINE = ord("\n")
csv.field_size_limit(2**31 - 1)  # a long field is a matter of the rules, not of the reader


@dataclass(frozen=True)
class ParsedChunk:
    """The records of one chunk of a landing file.

    ``texts`` holds one dictionary-encoded column per field; ``positions[i]`` is the line of record i, counted from 0
    within the chunk; ``malformed`` maps the positions of lines that are no record to the rule they break.
    """

    data: bytes
    texts: list[pa.DictionaryArray]
    positions: npt.NDArray[np.int64]
    malformed: dict[int, str] = field(default_factory=dict)
    corrections: pa.Array | None = None
    """For each record of a file of corrections the quarantine id it was sent back under, null where that is empty."""

    @cached_property
    def _line_ends(self) -> npt.NDArray[np.int64]:
        return np.flatnonzero(np.frombuffer(self.data, np.uint8) == _NEWLINE)

    def line(self, position: int) -> str:
        """The text of one line as delivered."""
        start = int(self._line_ends[position - 1]) + 1 if position else 0
        end = int(self._line_ends[position]) if position < len(self._line_ends) else len(self.data)
        return self.data[start:end].decode().rstrip("\r")


def parse(data: bytes, n_lines: int, n_columns: int) -> ParsedChunk:
    """Split a chunk of ``n_lines`` whole lines into records of ``n_columns`` texts; one record is one line.

    The csv reader takes an unclosed quote to go on in the next line, and a lone carriage return for the end of one. Either
    shows in its count of rows, but for a quote in the last line, and the chunk is read again with those lines cut out.
    """
    records = _read(data, n_columns)
    last_line = data.removesuffix(b"\n").rpartition(b"\n")[2]
    if records.rows_seen == n_lines and not _unreadable(last_line) and not _has_stray_return(data):
        return _parsed(data, records, np.arange(n_lines))
    lines = data.split(b"\n")[:n_lines]
    unreadable = {i: reason for i, line in enumerate(lines) if (reason := _unreadable(line))}
    readable = np.array([i for i in range(n_lines) if i not in unreadable], dtype=np.int64)
    rest = b"".join(lines[i] + b"\n" for i in readable)
    return _parsed(data, _read(rest, n_columns), readable, unreadable)


@dataclass(frozen=True, slots=True)
class _Records:
    texts: list[pa.DictionaryArray]
    wrong_rows: list[int]
    rows_seen: int


def _parsed(
    data: bytes, records: _Records, positions: npt.NDArray[np.int64], unreadable: dict[int, str] | None = None
) -> ParsedChunk:
    malformed = {int(positions[row]): FIELD_COUNT for row in records.wrong_rows} | (unreadable or {})
    return ParsedChunk(data, records.texts, np.delete(positions, records.wrong_rows), malformed)


def _read(data: bytes, n_columns: int) -> _Records:
    wrong: list[int] = []

    def note_wrong(row: pa_csv.InvalidRow) -> str:
        wrong.append(row.number - 1)
        return "skip"

    names = [str(position) for position in range(n_columns)]
    text = pa.dictionary(pa.int32(), pa.string())
    if not data:
        return _Records([pa.array([], text) for _ in names], [], 0)
    table = pa_csv.read_csv(
        pa.BufferReader(data),
        read_options=pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
        parse_options=pa_csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=note_wrong),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, text),
            strings_can_be_null=False,
            check_utf8=False,  # the survey has checked the bytes
        ),
    )
    return _Records([_one_array(column) for column in table.columns], wrong, table.num_rows + len(wrong))


def _one_array(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()


def _has_stray_return(data: bytes) -> bool:
    return b"\r" in data and data.count(b"\r") != data.count(b"\r\n")


def _unreadable(line: bytes) -> str | None:
    line = line.removesuffix(b"\r")
    if b"\r" in line:
        return STRAY_RETURN
    if b'"' in line and next(csv.reader([line.decode() + "\n"]))[-1].endswith("\n"):
        return OPEN_QUOTE
    return None
