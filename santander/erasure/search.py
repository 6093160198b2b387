"""Looks for persons in every file there is, by decoding it: what ``forget`` ends with, and what its tests go by.

- parquet files, live, old, orphaned or a checkpoint of a log: ids by value in the key column, and in every text as a whole token;
- SQLite files: every value of every table, keys of Feast also in pages and logs that no row uses any more;
- csv, JSON, HTML, logs and anything else: whole tokens; a csv record by its key column.

A number that counts something (rows, bytes, a time) is no id, so numbers under the names in COUNTS are passed over.
"""

import json
import mmap
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from santander.erasure.lines import scan
from santander.erasure.places import files_below
from santander.erasure.tokens import SHORTEST, Numbers, find
from santander.packed import UNREADABLE
from santander.storage import Place, open_read

if TYPE_CHECKING:
    import pyarrow as pa

    from santander.settings import Settings

KEY_COLUMNS = frozenset({"customer_id", "ncodpers"})
COUNTS = frozenset(
    {
        # our reports and the results of steps
        *("additions", "buyers", "bytes", "checked", "chunk_bytes", "customers", "kept", "line", "listed", "offending"),
        *("quarantined_rows", "read", "rows", "rows_with_quarantined_values", "seconds", "seed", "table_version", "version"),
        # the logs of tables
        *("createdTime", "deletionTimestamp", "fileSizeHistogram", "inCommitTimestamp", "lastUpdated", "modificationTime"),
        *("nullCount", "numFiles", "numMetadata", "numProtocol", "numRecords", "operationMetrics", "size", "sizeInBytes"),
        *("tableSizeBytes", "timestamp"),
        # models and validations
        *("element_count", "model_size_bytes", "observed_value", "unexpected_count"),
    }
)
"""Names of figures in our files, in the logs of tables and in reports."""

_NOT_SEARCHED = re.compile(r".*\.(png|ubj|lock|pyc|whl|so|db-shm)|suppression\.key")
_MAY_NAME = re.compile(rf"[0-9]{{{SHORTEST}}}")
_PARQUET = b"PAR1"
_SQLITE = b"SQLite format 3\x00"
_FEAST_KEY = re.compile(rb"customer_id\x04\x00\x00\x00\x08\x00\x00\x00(.{8})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Trace:
    """A place where persons are left: the file, what of it, and how many persons, or lines of a csv file."""

    file: str
    where: str
    count: int

    def __str__(self) -> str:
        return f"{self.file} ({self.where}; {self.count} in all)"


def search(settings: "Settings", ids: Numbers, others: Iterable[Place] = ()) -> list[Trace]:
    """Every trace below the data folder and the state folder, and in ``others``."""
    seen: set[str] = set()
    traces: list[Trace] = []
    for file in (*files_below(settings.data), *files_below(settings.state), *others):
        if str(file) not in seen and not _NOT_SEARCHED.fullmatch(file.name):
            seen.add(str(file))
            traces += traces_in(file, ids)
    return traces


def traces_in(file: Place, ids: Numbers) -> list[Trace]:
    """The traces in one file."""
    with open_read(file) as source:
        start = source.read(len(_SQLITE))
    if start[:4] == _PARQUET:
        found = _in_parquet(file, ids)
    elif start == _SQLITE and isinstance(file, Path):
        found = _in_sqlite(file, ids)
    elif file.name.endswith(".db-wal") and isinstance(file, Path):
        found = [("pages not in use", feast_keys(file))]
    elif file.name.endswith((".csv", ".csv.gz")):
        try:
            lines = scan(file, ids).lines
        except UNREADABLE:  # a packed file that is broken: it has been named among what is left to the user
            return []
        return [Trace(str(file), f"line {lines[0].number}", len(lines))] if lines else []
    else:
        found = _in_text(file, ids)
    named = [(where, np.unique(values[np.isin(values, ids)])) for where, values in found]
    return [Trace(str(file), where, values.size) for where, values in named if values.size]


def is_parquet(file: Place) -> bool:
    """Whether the file begins as parquet files do."""
    with open_read(file) as source:
        return source.read(len(_PARQUET)) == _PARQUET


def _in_parquet(file: Place, ids: Numbers) -> list[tuple[str, Numbers]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_read(file) as source:
        schema = pq.read_schema(source)
        texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
        keys = [name for name in schema.names if name in KEY_COLUMNS]
        is_checkpoint = "add" in schema.names and "metaData" in schema.names
        source.seek(0)
        content = pq.ParquetFile(source, read_dictionary=texts).read(None if is_checkpoint else [*keys, *texts])
    if is_checkpoint:
        return [("an action", _numbers(_in_json(content.to_pylist(), ids)))]
    found = [(f"column {name}", _by_value(content[name])) for name in keys]
    return found + [(f"column {name}", _numbers(_in_json(_distinct(content[name]), ids))) for name in texts]


def _by_value(column: "pa.ChunkedArray") -> Numbers:
    import pyarrow as pa
    import pyarrow.compute as pc

    distinct = pc.unique(column).drop_null()
    if not pa.types.is_integer(distinct.type):
        return _numbers(int(text) for text in distinct.cast(pa.string()).to_pylist() if text.strip().isdigit())
    return np.asarray(distinct.to_numpy(zero_copy_only=False), np.int64)


def _distinct(column: "pa.ChunkedArray") -> list[str]:
    import pyarrow.compute as pc

    return [text for text in pc.unique(column.cast("string")).to_pylist() if text]


def _in_sqlite(file: Path, ids: Numbers) -> list[tuple[str, Numbers]]:
    found: list[tuple[str, Numbers]] = [("pages not in use", feast_keys(file))]
    connection = sqlite3.connect(file)
    try:
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608  (names come from the file's own catalogue)
            columns = [column for column, *_ in rows.description]
            values = ({name: value for name, value in zip(columns, row, strict=True) if value is not None} for row in rows)
            found.append((f"table {table}", _numbers(_in_json(values, ids))))
    finally:
        connection.close()
    return found


def feast_keys(file: Path) -> Numbers:
    """Customers in serialized entity keys anywhere in the bytes of a file, rows that were deleted but not overwritten too."""
    if not file.stat().st_size:
        return np.empty(0, np.int64)
    with file.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as content:
        keys = b"".join(found[1] for found in _FEAST_KEY.finditer(content))
    return np.unique(np.frombuffer(keys, "<i8")).astype(np.int64)


def _in_text(file: Place, ids: Numbers) -> list[tuple[str, Numbers]]:
    with open_read(file) as source:
        content = source.read()
    if file.name.endswith((".json", ".crc")) and content[:1] in (b"{", b"["):
        try:
            parsed = [json.loads(content)]
        except ValueError:
            parsed = [_parsed(line) for line in content.decode("utf-8", "replace").splitlines()]
        return [("a value", _numbers(_in_json(parsed, ids)))]
    return [("a token", find(content, ids)[1])]


def _in_json(value: Any, ids: Numbers) -> Iterator[int]:
    """The persons that a value names, in numbers and in texts at any depth; a text may itself be JSON."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _in_json(str(name), ids)
            if name not in COUNTS:
                yield from _in_json(inner, ids)
    elif isinstance(value, str):
        yield from _in_string(value, ids)
    elif isinstance(value, bytes):
        yield from (int.from_bytes(found[1], "little") for found in _FEAST_KEY.finditer(value))
        yield from find(value, ids)[1].tolist()
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _in_json(inner, ids)


def _in_string(text: str, ids: Numbers) -> Iterator[int]:
    parsed = _parsed(text)
    if parsed is not text:
        yield from _in_json(parsed, ids)
    elif _MAY_NAME.search(text):  # most texts are short words, and looking closely at each costs
        yield from find(text.encode("utf-8", "replace"), ids)[1].tolist()


def _parsed(text: str) -> Any:
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _numbers(values: Iterable[int]) -> Numbers:
    return np.unique(np.fromiter((value for value in values if 0 <= value < 1 << 62), np.int64))
