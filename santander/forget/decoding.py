"""Numbers that may be ids in one decoded part: a text, rows of columns, a SQLite file, a name.

A number that counts something (rows, bytes, a time) is no id, so numbers under the names in COUNTS are passed over; of files
of our own whatever stands under them.
"""

import json
import mmap
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from santander.suppression.spellings import SHORTEST, Numbers, find, number_named, plain_digits

if TYPE_CHECKING:
    import pyarrow as pa

_DIGEST = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=[0-9]*[a-f])[0-9a-f]{16,})(?![0-9A-Za-z])", re.IGNORECASE
)


def names_in(text: str, ids: Numbers) -> Numbers:
    """Persons that a name contains, each once."""
    if not any(character.isdigit() for character in text):
        return np.empty(0, np.int64)
    plain = plain_digits(_DIGEST.sub("/", text).encode("utf-8", "surrogateescape"))
    return np.unique(np.concatenate([find(each, ids, glued=True)[1] for each in (plain, plain.replace(b".", b"/"))]))


KEY_COLUMNS = frozenset({"customer_id", "ncodpers"})
COUNTS = frozenset(
    {
        # our reports, the results of steps and the tables of figures
        *("additions", "buyers", "bytes", "checked", "chunk_bytes", "customers", "kept", "line", "listed", "offending"),
        *("expected", "high", "low", "seen"),
        *("quarantined_rows", "read", "rows", "rows_with_quarantined_values", "seconds", "seed", "table_version", "version"),
        # accounts of the service's answers
        *("dropped", "logged", "lost", "served", "started_ns"),
        # the logs of tables
        *("createdTime", "deletionTimestamp", "fileSizeHistogram", "inCommitTimestamp", "lastUpdated", "modificationTime"),
        *("nullCount", "numFiles", "numMetadata", "numProtocol", "numRecords", "operationMetrics", "size", "sizeInBytes"),
        *("tableSizeBytes", "timestamp"),
        # models and validations
        *("element_count", "model_size_bytes", "observed_value", "unexpected_count"),
    }
)
"""Names of figures in our files, in the logs of tables and in reports."""

Found = Iterator[tuple[str, Numbers]]
"""Where in the part, and numbers there."""

_MAY_NAME = re.compile(rf"[0-9]{{{SHORTEST}}}|[0-9][.,' _][0-9]|[0-9][eE][+0-9]|[^\x00-\u024f]")
_FEAST_KEY = re.compile(rb"customer_id\x04\x00\x00\x00\x08\x00\x00\x00(.{8})", re.DOTALL)
_BLOCK = 4 << 20
_LONGEST_JSON = 64 << 20
"""Bytes that are read at a time, and of the longest JSON that is taken apart; a longer one is searched as text. No settings:
what is found is the same, and how far packed files are opened is said by erasure.max_unpacked."""
_NO_NUMBER = re.compile(rb"[^0-9A-Za-z_.,'+\x80-\xff](?=[0-9A-Za-z_.,'+\x80-\xff]*\Z)")


def in_text(source: BinaryIO, ids: Numbers, *, ours: bool) -> Found:
    """Numbers in a text in UTF-8 or one byte a character: its whole tokens, or the values of JSON."""
    start = source.read(_LONGEST_JSON)
    if start[:1] in (b"{", b"[") and len(start) < _LONGEST_JSON:
        try:
            parsed = [json.loads(start)]
        except ValueError:
            parsed = [_parsed(line) for line in start.decode("utf-8", "replace").splitlines()]
        yield "a value", numbers_of(in_json(parsed, ids, ours=ours))
        return
    rest = b""
    while start or rest:
        block = rest + start
        start = source.read(_BLOCK)
        cut = _end_of_whole_tokens(block) if start else len(block)
        block, rest = block[:cut], block[cut:]
        yield "a token", find(plain_digits(block), ids)[1]


def in_columns(batches: "Iterable[pa.RecordBatch]", ids: Numbers, *, keys_alone: bool) -> Found:
    """Rows of columns: keys by value, texts by token; of rows without a key, and unless ``keys_alone``, every number."""
    import pyarrow as pa

    for batch in batches:
        keys = [name for name in batch.schema.names if name in KEY_COLUMNS]
        for name, type_ in zip(batch.schema.names, batch.schema.types, strict=True):
            column = batch.column(name)
            if name in keys or (not (keys or keys_alone) and (pa.types.is_integer(type_) or pa.types.is_floating(type_))):
                yield f"column {name}", _by_value(column)
            elif _is_text(type_):
                yield f"column {name}", numbers_of(in_json(_distinct(column), ids))
            elif pa.types.is_nested(type_) or pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
                yield f"column {name}", numbers_of(in_json(column.to_pylist(), ids))


def in_schema(schema: "pa.Schema", ids: Numbers) -> Numbers:
    """Persons named by columns, and by the metadata of the file and its columns."""
    said = [schema.metadata or {}, *(field.metadata or {} for field in schema)]
    # pandas says the names of columns again, and the number of rows
    texts = [text for each in said for name, value in each.items() if name != b"pandas" for text in (name, value)]
    found = [names_in(name, ids) for name in schema.names]
    return np.concatenate([*found, *(find(plain_digits(text), ids)[1] for text in texts), np.empty(0, np.int64)])


def numbers_of_array(array: "np.ndarray[Any, Any]", ids: Numbers) -> Numbers:
    """Whole numbers of an array of numbers, persons named by an array of texts, both of an array with fields."""
    if array.dtype.names:
        parts = [numbers_of_array(array[name], ids) for name in array.dtype.names]
        return np.concatenate([*parts, *(names_in(name, ids) for name in array.dtype.names)])
    if array.dtype.kind in "US":
        return numbers_of(in_json(np.unique(array).tolist(), ids))
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        return np.empty(0, np.int64)
    whole = array[np.isfinite(array) & (array >= 0) & (array < 1 << 62)]
    return np.unique(whole[whole == np.floor(whole)].astype(np.int64))


def in_sqlite(file: Path, ids: Numbers) -> Found:
    """Every value of every table, and keys of Feast in pages that no row uses any more; raises sqlite3.Error if it is damaged."""
    yield "pages not in use", feast_keys(file)
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    try:
        _refuse_damaged(connection)
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            yield "names of tables", names_in(table, ids)
            quoted = table.replace('"', '""')
            rows = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608  (names come from the file's own catalogue)
            columns = [column for column, *_ in rows.description]
            yield f"columns of table {table}", names_in(" ".join(columns), ids)
            values = ({name: value for name, value in zip(columns, row, strict=True) if value is not None} for row in rows)
            yield f"table {table}", numbers_of(in_json(values, ids))
    finally:
        connection.close()


def _refuse_damaged(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError for a page that is not in order: rows are read from it without an error, fewer or others.

    A row whose length is broken is even read on past its page, so that what comes back differs from process to process.
    """
    connection.execute("PRAGMA ignore_check_constraints = ON")  # what a table forbids can be read all the same
    ((said,),) = connection.execute("PRAGMA quick_check(1)")
    if said != "ok":
        raise sqlite3.DatabaseError(f"the database is damaged: {said.splitlines()[-1]}")


def feast_keys(file: Path) -> Numbers:
    """Customers in serialized entity keys anywhere in the bytes of a file, rows that were deleted but not overwritten too."""
    if not file.stat().st_size:
        return np.empty(0, np.int64)
    with file.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as content:
        keys = b"".join(found[1] for found in _FEAST_KEY.finditer(content))
    return np.unique(np.frombuffer(keys, "<i8")).astype(np.int64)


def in_json(value: Any, ids: Numbers, *, ours: bool = True) -> Iterator[int]:
    """The persons that a value names, in numbers and in texts at any depth; a text may itself be JSON."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from in_json(str(name), ids, ours=ours)
            if name not in COUNTS or not (ours or isinstance(inner, int | float)):
                yield from in_json(inner, ids, ours=ours)
    elif isinstance(value, str):
        yield from _in_string(value, ids, ours=ours)
    elif isinstance(value, bytes):
        yield from (int.from_bytes(found[1], "little") for found in _FEAST_KEY.finditer(value))
        yield from find(value, ids)[1].tolist()
    elif isinstance(value, int | float):
        yield from _whole([value])
    elif isinstance(value, Iterable):
        for inner in value:
            yield from in_json(inner, ids, ours=ours)


def _by_value(column: "pa.Array") -> Numbers:
    import pyarrow as pa
    import pyarrow.compute as pc

    distinct = pc.unique(column).drop_null()
    if pa.types.is_dictionary(distinct.type):
        distinct = distinct.dictionary_decode()
    if pa.types.is_floating(distinct.type):
        return numbers_of(_whole(distinct.to_pylist()))
    if not pa.types.is_integer(distinct.type):
        named = (number_named(text) for text in distinct.cast(pa.string()).to_pylist())
        return numbers_of(number for number in named if number is not None)
    return np.asarray(distinct.to_numpy(zero_copy_only=False), np.int64)


def _whole(values: Iterable[float]) -> Iterator[int]:
    return (int(value) for value in values if not isinstance(value, bool) and (isinstance(value, int) or value.is_integer()))


def _is_text(type_: "pa.DataType") -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(type_):
        return _is_text(type_.value_type)
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _distinct(column: "pa.Array") -> list[str]:
    import pyarrow.compute as pc

    return [text for text in pc.unique(column.cast("string")).to_pylist() if text]


def _end_of_whole_tokens(block: bytes) -> int:
    """Return the end of the last whole token of a block: its last line end, else its last character of no number or word."""
    if cut := block.rfind(b"\n") + 1:
        return cut
    found = _NO_NUMBER.search(block, max(len(block) - 4096, 0))
    return found.end() if found else len(block)


def _in_string(text: str, ids: Numbers, *, ours: bool) -> Iterator[int]:
    parsed = _parsed(text)
    if parsed is not text:
        yield from in_json(parsed, ids, ours=ours)
    elif _MAY_NAME.search(text):  # most texts are short words, and looking closely at each costs
        yield from find(plain_digits(text.encode("utf-8", "replace")), ids)[1].tolist()


def _parsed(text: str) -> Any:
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def numbers_of(values: Iterable[int]) -> Numbers:
    """The numbers that may be ids, each once."""
    return np.unique(np.fromiter((value for value in values if 0 <= value < 1 << 62), np.int64))
