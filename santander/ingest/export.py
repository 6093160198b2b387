"""Open quarantine as files to correct and send back: landing format, the quarantine id first, the reason last.

A line that lost its row is written as it was delivered, field by field, so that one with an open quote cannot swallow the
next. A row that lost values is written as it stands in customers, with the refused texts where the values were.
A file has one header, so lines that were delivered without products go to a file of their own.
"""

import datetime as dt
import re
import shlex
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from santander.errors import InputError
from santander.ingest.arrangement import ID_COLUMN, REASON_COLUMN, joined_line, split_line
from santander.ingest.contradictions import VALUE_REASONS
from santander.ingest.duplicates import REASON as DUPLICATE
from santander.ingest.entries import Entry, State, texts_of
from santander.ingest.parsing import FIELD_COUNT, OPEN_QUOTE, STRAY_RETURN
from santander.lake.ingestions import read_ingestions
from santander.lake.lake import Lake
from santander.lake.month_file_writer import in_tasks
from santander.lake.parts import join_parts
from santander.lake.staging import OF_EXPORT, staging
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.columns import COLUMNS, LEGAL_HEADERS, PROFILE_COLUMNS, Column
from santander.schema.months import Month
from santander.storage.bucket import BucketPath
from santander.storage.places import Place, whole_file

_ROW_REASONS = (FIELD_COUNT, OPEN_QUOTE, STRAY_RETURN, DUPLICATE, "bad_[a-z_]+")
_VALUE_REASON = f"[a-z_]+: (?:{'|'.join(VALUE_REASONS)})"
_REASON = re.compile(f"{'|'.join(_ROW_REASONS)}|{_VALUE_REASON}(?:; {_VALUE_REASON})*")
"""The last field of a line in an exported file; no field of a landing file matches."""
_UNKNOWN_AS = {rule.name: rule.unknown_as for rule in BETWEEN_COLUMNS}
_POSITION = {column.name: position for position, column in enumerate(PROFILE_COLUMNS)}


_Line: TypeAlias = tuple[str, bool]
"""A line of a file of corrections, and whether it has products."""

LINES_AT_A_TIME = 10_000
"""Lines that are made together. No setting: the files are the same with any."""
_PARTS = pa.schema([("piece", pa.int64()), ("name", pa.string()), ("has_products", pa.bool_()), ("lines", pa.int64())])


@dataclass(frozen=True, slots=True)
class _Piece:
    """Entries whose lines are made together: whole lines, or values of rows of one month."""

    number: int
    month: str
    """Empty for whole lines."""
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class _Part:
    """A file with the lines of a piece that have products, or have none."""

    piece: int
    name: str
    has_products: bool
    lines: int


def export_corrections(lake: Lake, entries: Iterable[Entry], file: Place, *, duplicates: bool) -> dict[str, int]:
    """Write the open ones of these entries and return the lines of each file written; none where nothing is open.

    Where the engine has workers, they make the lines. Lines that repeat a key are left out unless ``duplicates``: sent back as
    they are, they would replace the first of their key. Raises InputError for a file that is there already: it may hold
    corrections.
    """
    still_open = [entry for entry in entries if entry.state is State.OPEN and (duplicates or entry.reason != DUPLICATE)]
    if not (pieces := _pieces(still_open)):
        return {}
    with staging(lake, OF_EXPORT) as folder:
        parts = _parts(lake, pieces, folder)
        lines = {has: sum(part.lines for part in parts if part.has_products is has) for has in (True, False)}
        places = {True: file, False: _beside(file) if lines[True] else file}
        for has, place in places.items():
            if lines[has] and isinstance(place, Path) and not place.parent.is_dir():
                remedy = f"make it by: mkdir -p {shlex.quote(str(place.parent))}"
                raise InputError(f"{place}: there is no folder {place.parent}", file=place, hint=remedy)
            if lines[has] and place.is_file():
                raise InputError(f"{place}: is there already, and may hold corrections", hint="name another file")
        written: dict[str, int] = {}
        for has, place in places.items():
            if lines[has]:
                header = joined_line([ID_COLUMN, *LEGAL_HEADERS[0 if has else 1], REASON_COLUMN]).encode()
                join_parts(place, header, [folder / part.name for part in parts if part.has_products is has])
                written[str(place)] = lines[has]
        return written


def _pieces(entries: Iterable[Entry]) -> list[_Piece]:
    """Entries in the order of the file's lines: whole lines, then rows with values by month; those of a line stay together."""
    by_line: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_line["" if entry.scope == "row" else entry.month, entry.quarantine_id].append(entry)
    pieces: list[_Piece] = []
    for month, found in groupby(sorted(by_line.items(), key=lambda item: item[0][0]), key=lambda item: item[0][0]):
        lines = [of_line for _, of_line in found]
        for start in range(0, len(lines), LINES_AT_A_TIME):
            some = [entry for of_line in lines[start : start + LINES_AT_A_TIME] for entry in of_line]
            pieces.append(_Piece(len(pieces), month, some))
    return pieces


def _parts(lake: Lake, pieces: Sequence[_Piece], folder: Place) -> list[_Part]:
    """Write the lines of all pieces below a folder, in tasks where there are workers, and return the parts in order."""
    if not lake.has_workers:
        return [part for piece in pieces for part in _write_piece(lake, piece, folder)]
    settings = lake.settings

    def of_task(work: Iterator[_Piece]) -> Iterator[pa.RecordBatch]:
        parts = [asdict(part) for piece in work for part in _write_piece(Lake(settings), piece, folder)]
        yield pa.RecordBatch.from_pylist(parts, schema=_PARTS)

    found = in_tasks(lake.session, pieces, lake.cores(), of_task, _PARTS).toArrow().to_pylist()
    return sorted((_Part(**row) for row in found), key=lambda part: part.piece)


def _write_piece(lake: Lake, piece: _Piece, folder: Place) -> Iterator[_Part]:
    lines = _whole_lines(lake, piece.entries) if not piece.month else _rows_with_values(lake, piece.month, piece.entries)
    wanted: dict[bool, list[str]] = {True: [], False: []}
    for text, has_products in lines:
        wanted[has_products].append(text)
    for has, texts in wanted.items():
        if texts:
            name = f"{piece.number}-{uuid.uuid4().hex}"
            with whole_file(folder / name) as target:
                target.writelines(text.encode() for text in texts)
            yield _Part(piece.number, name, has, len(texts))


def _beside(file: Place) -> Place:
    """The name of the file for lines without products, next to the one for those with."""
    stem, dot, ending = file.name.rpartition(".")
    name = f"{stem}-without-products.{ending}" if dot else f"{file.name}-without-products"
    if isinstance(file, Path):
        return file.with_name(name)
    return BucketPath(file.bucket, f"{file.key.removesuffix(file.name)}{name}", file.access)


def _whole_lines(lake: Lake, entries: Sequence[Entry]) -> Iterator[_Line]:
    delivered = {(row.ingestion_id, row.file_sha256): row.has_products for row in read_ingestions(lake)}
    texts = texts_of(lake, entries)
    for entry in entries:
        fields = split_line(texts[entry.file_sha256, entry.line, None] or "")
        if entry.corrects:  # it came in a file like the one that is written here
            fields = fields[1:-1] if _REASON.fullmatch(fields[-1]) else fields[1:]
        text = joined_line([entry.quarantine_id, *fields, entry.reason])
        yield text, delivered[entry.ingestion_id, entry.file_sha256]


def _rows_with_values(lake: Lake, month: str, entries: Sequence[Entry]) -> Iterator[_Line]:
    texts = texts_of(lake, entries)
    rows = _customers(lake, month, sorted({int(entry.customer_id or 0) for entry in entries}))
    for quarantine_id, grouped in groupby(entries, key=lambda entry: entry.quarantine_id):
        line = list(grouped)
        row = rows.get(line[0].customer_id or 0)
        if row is None:
            continue
        fields = fields_of(row, unknown_as=max(_UNKNOWN_AS.get(entry.reason, "") for entry in line))
        for entry in line:
            fields[_POSITION[entry.column or ""]] = texts[entry.file_sha256, entry.line, entry.column] or ""
        reason = "; ".join(f"{entry.column}: {entry.reason}" for entry in line)
        yield joined_line([quarantine_id, *fields, reason]), row["holdings"] is not None


def _customers(lake: Lake, month: str, customer_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    import pyarrow.compute as pc

    wanted = (pc.field(PARTITION) == Month.parse(month).snapshot) & pc.field("customer_id").isin(customer_ids)
    rows = lake.delta(CUSTOMERS).to_pyarrow_dataset().to_table(filter=wanted).to_pylist()
    return {row["customer_id"]: row for row in rows}


def fields_of(row: Mapping[str, Any], *, unknown_as: str = "") -> list[str]:
    """The fields of one row of customers: 48 of them, or the profile's 24 where products are unknown (``holdings`` null).

    Unknown values are written ``unknown_as``, in columns where that text is read as missing.
    """
    columns = PROFILE_COLUMNS if row["holdings"] is None else COLUMNS
    return [_text(column, row[column.name], unknown_as) for column in columns]


def _text(column: Column, value: Any, unknown_as: str) -> str:
    if value is None:
        return next(text for text in (unknown_as, "", "NA") if text in column.missing)
    if isinstance(value, bool):
        yes, no = ("S", "N") if "S" in column.pattern else ("1", "0")
        return yes if value else no
    if isinstance(value, float):
        return np.format_float_positional(value, trim="0")  # every digit that the value needs, never an exponent
    return value.isoformat() if isinstance(value, dt.date) else str(value)
