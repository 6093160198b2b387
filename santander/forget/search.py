"""Search for persons in every file, by decoding it: the last step of ``forget``.

- parquet files, live, old, orphaned or a checkpoint of a log: ids by value in the key column, and in every text as a whole token;
- SQLite files: every value of every table, keys of Feast also in pages and logs that no row uses any more;
- csv by the key column; JSON, HTML, logs and any other text: whole tokens, in UTF-8, UTF-16, UTF-32, Latin-1 or EBCDIC;
- archives and packed files of the usual kinds: what is in them, likewise.

What cannot be decoded is named: nobody can say that it holds none of them.
"""

import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from santander.forget.decoding import (
    KEY_COLUMNS,
    Found,
    feast_keys,
    in_columns,
    in_json,
    in_schema,
    in_sqlite,
    in_text,
    names_in,
    numbers_of,
    numbers_of_array,
)
from santander.forget.hiding import without_ids
from santander.forget.layout import layout_of
from santander.forget.lines import lines_in
from santander.forget.parts import BROKEN, Closed, Part, parts_of, unreadable
from santander.forget.places import NotListed, entries_below, is_below, names_below
from santander.forget.streams import begun, seekable
from santander.ledger.published import FOLDER, serving_folder
from santander.serving.log.segments import CLOSED, OPEN, Segment, customers_in
from santander.storage.kinds import Kind
from santander.storage.places import Place, open_read
from santander.suppression.spellings import Numbers

if TYPE_CHECKING:
    import pyarrow as pa

    from santander.config.settings import Settings

_OWN_NAMES = re.compile(r".*\.(lock|pyc|whl|so|db-shm|counters)|suppression\.key")
"""Files of the state folder that hold no text of anybody: locks, code, the index of a write-ahead log, counts, our key."""
_OWN_CODE = re.compile(r".*/artifacts/code/santander/.*\.py")
"""The code that a model carries along, whose constants are no ids."""
_OF_SNAPSHOTS = re.compile(
    r".*/\d{4}-\d{2}/(?:manifest\.json|(?:features|incomes|offers|recommendations)-[0-9a-f]{8}\.npy"
    r"|(?:families|products)-[0-9a-f]{8}\.json|model-[0-9a-f]{8}/.*)"
)
"""Files of published months beside the numbers of their customers: figures, in the order of these, and the model."""
_IDS = "ids"
"""How the files of those numbers begin."""
_PARQUET = b"PAR1"
_ROWS = 1 << 17
"""Rows that are read at a time. No setting: it does not change what is found."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A place where persons are left: the file, what of it, and how many persons, or lines of a csv file."""

    file: str
    where: str
    count: int
    remedy: str = ""
    """What the user is to do, where only the user can; such a trace ends the erasure all the same."""

    def __str__(self) -> str:
        return f"{self.file} ({self.where}; {self.count} in all)" + (f": {self.remedy}" if self.remedy else "")


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found, and by file what it could not look into."""

    traces: list[Trace] = field(default_factory=list)
    closed: dict[str, str] = field(default_factory=dict)

    @property
    def left(self) -> list[str]:
        """A line for the user for each file that could not be looked into."""
        return [f"{file}: {reason}" for file, reason in self.closed.items()]


def search(settings: "Settings", ids: Numbers, others: Iterable[Place] = ()) -> Searched:
    """Every trace below the data folder and the state folder, and in ``others``."""
    searched, seen = Searched(_in_names(settings, ids)), set[str]()
    for file in (*entries_below(settings.data), *entries_below(settings.state), *others):
        if str(file) in seen:
            continue
        seen.add(str(file))
        if isinstance(file, NotListed):
            searched.closed[str(file)] = file.reason
            continue
        is_published = is_below(file, serving_folder(settings.data)) or is_below(file, settings.state / FOLDER)
        if is_published and _OF_SNAPSHOTS.fullmatch(str(file)):
            continue
        is_ours = is_published or is_below(file, settings.state) or is_below(file, settings.data / "lake")
        if is_ours and (_OWN_NAMES.fullmatch(file.name) or _OWN_CODE.fullmatch(str(file))):
            continue
        found = traces_in(settings, file, ids, is_ours=is_ours)
        searched.traces.extend(found.traces)
        searched.closed.update(found.closed)
    return searched


def _in_names(settings: "Settings", ids: Numbers) -> list[Trace]:
    """Names of folders and links that tell a person; those in the state folder are made of runs, versions and processes."""
    ours = [settings.state, serving_folder(settings.data)]
    found = ((name, names_in(name.text, ids).size) for name in names_below(settings.data, without=ours))
    return [Trace(str(name.path), name.what, count, _renamed(name.path, ids)) for name, count in found if count]


def _renamed(path: Place, ids: Numbers) -> str:
    """Return the command by which the user has a file or folder called otherwise."""
    new = path.parent / without_ids(path.name, ids) if isinstance(path, Path) else None
    if new is None or new.name == path.name or new.exists():
        return "rename it"
    return f"rename it by: mv {shlex.quote(str(path))} {shlex.quote(str(new))}"


def traces_in(settings: "Settings", file: Place, ids: Numbers, *, is_ours: bool = False) -> Searched:
    """Traces in one file; in our own files (``is_ours``: state folder, tables) kinds known here alone are passed over."""
    if is_ours and isinstance(file, Path) and file.name.endswith(".db-wal"):
        return Searched(_named(file, [("pages not in use", feast_keys(file))], ids))
    if is_ours and isinstance(file, Path) and file.suffix in (OPEN, CLOSED):
        return Searched(_named(file, [("an answer of the service", customers_in(Segment(file).content()))], ids))
    searched = Searched()
    if not is_ours and (named := names_in(file.name, ids)).size:
        searched.traces.append(Trace(str(file), "its name", named.size, _renamed(file, ids)))
    try:
        with open_read(file) as source:
            for part in parts_of(source, settings.erasure):
                _look(file, part, ids, searched, is_ours=is_ours)
    except FileNotFoundError:
        return searched  # it went while files were listed
    except BROKEN as error:
        searched.closed[str(file)] = unreadable(error)
    return searched


def is_parquet(file: Place) -> bool:
    """Whether the file begins as parquet files do."""
    with open_read(file) as source:
        return source.read(len(_PARQUET)) == _PARQUET


def _look(file: Place, part: Part | Closed, ids: Numbers, searched: Searched, *, is_ours: bool) -> None:
    inner = f", in {part.within}" if part.within else ""
    if isinstance(part, Closed):
        _close(searched, file, part.within, part.reason)
        return
    if part.names:
        found = names_in(part.names, ids)
        searched.traces.extend([Trace(str(file), f"{part.named_by} {part.within}".rstrip(), found.size)] if found.size else [])
        return
    try:
        if part.kind is Kind.TEXT:
            searched.traces.extend(_in_text(file, part, ids, inner, is_ours=is_ours))
            return
        decoded = _decoded(file, part, ids, is_ours=is_ours)
        if decoded is None:
            _close(searched, file, part.within, "a picture" if part.kind is Kind.PICTURE else "of no kind that is known here")
            decoded = in_text(part.source, ids, ours=is_ours)
        searched.traces.extend(_named(file, ((where + inner, values) for where, values in decoded), ids))
    except BROKEN as error:
        _close(searched, file, part.within, unreadable(error))


def _close(searched: Searched, file: Place, within: str, reason: str) -> None:
    if str(file) not in searched.closed:
        said = f"{within} in it: {reason}" if within else reason
        searched.closed[str(file)] = f"cannot be looked into ({said}): see whether it names one of them, or delete it"


def _in_text(file: Place, part: Part, ids: Numbers, inner: str, *, is_ours: bool) -> list[Trace]:
    head, source = begun(part.source)
    written = f" of {part.encoding.upper()}" if part.encoding not in {"utf-8", "latin-1"} else ""
    first = head.partition(b"\n")[0]
    if (file.name.endswith((".csv", ".csv.gz")) and not inner) or layout_of(first).key is not None:
        _, lines, _ = lines_in(source, ids)
        return [Trace(str(file), f"{lines[0]}{written}{inner}", len(lines))] if lines else []
    found = ((f"{where}{written}{inner}", values) for where, values in in_text(source, ids, ours=is_ours))
    return _named(file, found, ids)


def _decoded(file: Place, part: Part, ids: Numbers, *, is_ours: bool) -> Found | None:
    """Return the text inside a binary part; None where nothing here decodes it."""
    if part.kind is Kind.EMPTY:
        return iter(())
    if part.kind is Kind.SQLITE:
        return _in_database(file, part, ids)
    if part.kind in {Kind.PARQUET, Kind.ARROW, Kind.ORC}:
        return _in_rows(part, ids, is_ours=is_ours)
    if part.kind is Kind.NUMPY:
        return _in_numpy(part, ids, is_ours=is_ours and not file.name.startswith(_IDS))
    if is_ours:  # pictures of plots, boosters, the registry of Feast: none of them holds an id, save as a text
        return iter(()) if part.kind is Kind.PICTURE or file.name.endswith(".ubj") else in_text(part.source, ids, ours=True)
    return None


def _in_database(file: Place, part: Part, ids: Numbers) -> Found:
    if isinstance(file, Path) and not part.within:
        with file.open("rb") as source:
            is_plain = source.read(6) == b"SQLite"
        if is_plain:
            yield from in_sqlite(file.absolute(), ids)
            return
    with tempfile.TemporaryDirectory(prefix="santander-") as folder:
        copy = Path(folder) / "database"
        with copy.open("wb") as out:
            shutil.copyfileobj(part.source, out)
        yield from in_sqlite(copy, ids)


def _in_rows(part: Part, ids: Numbers, *, is_ours: bool) -> Found:
    with seekable(part.source) as source:
        if part.kind is Kind.PARQUET:
            yield from _in_parquet(source, ids, is_ours=is_ours)
        else:
            schema, batches = _batches(part.kind, source)
            yield "names of columns", in_schema(schema, ids)
            yield from in_columns(batches, ids, keys_alone=False)


def _in_parquet(source: BinaryIO, ids: Numbers, *, is_ours: bool) -> Found:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(source)
    yield "names of columns", in_schema(schema, ids)
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    source.seek(0)
    content = pq.ParquetFile(source, read_dictionary=texts)
    if "add" in schema.names and "metaData" in schema.names:
        for batch in content.iter_batches(_ROWS):
            yield "an action", numbers_of(in_json(batch.to_pylist(), ids))
        return
    keys = [name for name in schema.names if name in KEY_COLUMNS]
    wanted = [*keys, *texts] if keys or is_ours else None
    yield from in_columns(content.iter_batches(_ROWS, columns=wanted), ids, keys_alone=is_ours)


def _batches(kind: Kind, source: BinaryIO) -> "tuple[pa.Schema, Iterator[pa.RecordBatch]]":
    import pyarrow.orc

    if kind is Kind.ARROW:
        content = pyarrow.ipc.open_file(source)
        return content.schema, map(content.get_batch, range(content.num_record_batches))
    stripes = pyarrow.orc.ORCFile(source)
    return stripes.schema, map(stripes.read_stripe, range(stripes.nstripes))


def _in_numpy(part: Part, ids: Numbers, *, is_ours: bool) -> Found:
    if is_ours:  # weights of a model
        return
    with seekable(part.source) as source:
        content = np.load(source, allow_pickle=False)
    yield "a value", numbers_of_array(content, ids)


def _named(file: Place, found: "Iterable[tuple[str, Numbers]]", ids: Numbers) -> "list[Trace]":
    """Return one trace for each place in the file, with the persons of all its blocks."""
    met: dict[str, list[Numbers]] = {}
    for where, values in found:
        if (theirs := np.unique(values[np.isin(values, ids)])).size:
            met.setdefault(where, []).append(theirs)
    return [Trace(str(file), where, np.unique(np.concatenate(each)).size) for where, each in met.items()]
