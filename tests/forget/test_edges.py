"""What stands at the edges of a container, beside what it contains: comments, names of members and columns, owners and links."""

import gzip
import io
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from santander.config.settings import Settings
from santander.forget.search import traces_in
from santander.suppression.spellings import sorted_ids

GONE, STAYS = 1375586, 15889


def zipped(name: str = "a.txt", *, of_member: str = "", of_all: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.comment, archive.comment = of_member.encode(), of_all.encode()
        archive.writestr(info, b"" if name.endswith("/") else b"nothing")
    return packed.getvalue()


def named_gzip(name: str) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(name, "wb", fileobj=packed) as out:
        out.write(b"nothing")
    return packed.getvalue()


def tarred(type_: bytes, name: str, target: str = "") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = type_, target
        archive.addfile(info)
    return packed.getvalue()


def arrays(values: object) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, a=np.array(values))
    return packed.getvalue()


def columns(write: Callable[[pa.Table, io.BytesIO], object], name: str, note: str = "") -> bytes:
    packed = io.BytesIO()
    write(pa.table({name: ["x"]}).replace_schema_metadata({"note": note}), packed)
    return packed.getvalue()


def database(statement: str) -> bytes:
    with sqlite3.connect(":memory:") as made:
        made.execute(statement)
        made.commit()
        return made.serialize()


EDGES: dict[str, Callable[[int], bytes]] = {
    "a comment of a zip": lambda who: zipped(of_all=f"of {who}"),
    "what follows a zip": lambda who: zipped() + f"for {who}".encode(),
    "a folder in a zip": lambda who: zipped(f"c_{who}/"),
    "a comment of a member": lambda who: zipped(of_member=f"cust_{who}_x"),
    "a name of a member": lambda who: zipped(f"c{who}L.txt"),
    "a name in a gzip": lambda who: named_gzip(f"c{who}.txt"),
    "a folder in a tar": lambda who: tarred(tarfile.DIRTYPE, f"customer={who}"),
    "a link in a tar": lambda who: tarred(tarfile.SYMTYPE, "link", f"/customers/{who}"),
    "arrays of numbers": lambda who: arrays([who, 3]),
    "arrays of texts": lambda who: arrays([f"see {who}"]),
    "an array with fields": lambda who: arrays(np.array([(who, 1)], dtype="i8,f4")),
    "a column of parquet": lambda who: columns(pq.write_table, f"c{who}"),
    "a column of feather": lambda who: columns(pyarrow.feather.write_feather, f"customer_{who}"),
    "a column of ORC": lambda who: columns(pyarrow.orc.write_table, f"customer_{who}"),
    "a schema of parquet": lambda who: columns(pq.write_table, "x", f"about {who}"),
    "a table of SQLite": lambda who: database(f'CREATE TABLE "of_{who}" (x)'),
    "a column of SQLite": lambda who: database(f'CREATE TABLE x ("c{who}")'),
    "a text with underscores": lambda who: f"cust_{who}_x".encode(),
    "a path in a text": lambda who: f"/data/customer_{who}/x".encode(),
}


@pytest.mark.parametrize("edge", EDGES)
def test_an_id_at_the_edge_is_found_and_nothing_where_there_is_none(settings: Settings, tmp_path: Path, edge: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(EDGES[edge](GONE))
    found = traces_in(settings, file, sorted_ids([GONE]))
    assert len(found.traces) == 1
    file.write_bytes(EDGES[edge](STAYS))
    found = traces_in(settings, file, sorted_ids([GONE]))
    assert (found.traces, found.closed) == ([], {})
