"""A copy that a person keeps, in whatever packing or encoding: rewritten, or named, and never passed over."""

import bz2
import gzip
import io
import lzma
import os
import pickle
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
from santander.forget.forget import Erasure, forget
from tests.landing_files import header, record

GONE, STAYS = 1375586, 15889


def csv(*ids: object) -> bytes:
    return "\n".join([header(), *(record(each) for each in ids), ""]).encode()


def zipped(content: bytes, name: str = "june.csv") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def tarred(content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        info = tarfile.TarInfo("june.csv")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def by_arrow(codec: str) -> Callable[[bytes], bytes]:
    def packed(content: bytes) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, codec) as out:
            out.write(content)
        return bytes(sink.getvalue())

    return packed


def table(content: bytes, write: Callable[[pa.Table, io.BytesIO], object], name: str = "id") -> bytes:
    ids = [each for each in (GONE, STAYS) if str(each).encode() in content]
    sink = io.BytesIO()
    write(pa.table({name: ids}), sink)
    return sink.getvalue()


def database(content: bytes) -> bytes:
    with sqlite3.connect(":memory:") as made:
        made.execute("CREATE TABLE people (who REAL, note TEXT)")
        made.executemany("INSERT INTO people VALUES (?, ?)", [(float(GONE), "x")] if str(GONE).encode() in content else [])
        made.commit()
        return made.serialize()


FOUND: dict[str, Callable[[bytes], bytes]] = {
    "a zip": zipped,
    "a zip of a gzip": lambda content: zipped(gzip.compress(content), "june.csv.gz"),
    "a zip of a zip": lambda content: zipped(zipped(content), "inner.zip"),
    "a zip with a name": lambda content: zipped(b"nothing", f"{GONE if str(GONE).encode() in content else STAYS}.txt"),
    "a sheet": lambda content: zipped(
        f"<v>{'1.375586E6' if str(GONE).encode() in content else STAYS}</v>".encode(), "sheet1.xml"
    ),
    "a tar": tarred,
    "a gzip of a gzip": lambda content: gzip.compress(gzip.compress(content)),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": by_arrow("zstd"),
    "lz4": by_arrow("lz4"),
    "UTF-16": lambda content: content.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda content: content.decode().encode("utf-16-be"),
    "UTF-32": lambda content: content.decode().encode("utf-32"),
    "EBCDIC": lambda content: content.decode().replace("\n", "\x85").encode("cp037"),
    "UTF-16 in a gzip": lambda content: gzip.compress(content.decode().encode("utf-16")),
    "parquet": lambda content: table(content, pq.write_table),
    "parquet of floats": lambda content: table(
        content, lambda rows, out: pq.write_table(rows.cast(pa.schema([("who", pa.float64())])), out), "who"
    ),
    "feather": lambda content: table(content, pyarrow.feather.write_feather),
    "orc": lambda content: table(content, pyarrow.orc.write_table),
    "SQLite": database,
    "numpy": lambda content: table(content, lambda rows, out: np.save(out, rows["id"].to_numpy())),
    "a number of 400 digits beside": lambda content: (
        b"[" + b"9" * 400 + (b", 1375586]" if str(GONE).encode() in content else b"]")
    ),
    "prose": lambda content: b"please call 1,375,586 back" if str(GONE).encode() in content else b"nobody",
    "JSON": lambda content: b'{"customers": [1375586.0]}' if str(GONE).encode() in content else b'{"customers": 1375586}',
}
NAMES = ("copy_of_june.gz", "june.bin", "june", "june.csv", "june.png", "june.lock", "june.parquet")


def laid(settings: Settings, content: bytes, name: str) -> Path:
    file = Path(settings.data_dir) / "raw" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def said_of(erasure: Erasure) -> str:
    return "\n".join([*erasure.left, *map(str, erasure.traces)])


@pytest.mark.parametrize("how", FOUND)
def test_a_copy_is_named_where_it_holds_the_person_and_no_word_is_said_where_not(settings: Settings, how: str) -> None:
    name = NAMES[len(how) % len(NAMES)]  # no name tells what is in a file
    file = laid(settings, FOUND[how](csv(GONE, STAYS)), name)
    before = file.read_bytes()
    erasure = forget(settings, [GONE], [])
    assert not erasure.complete
    assert str(file) in said_of(erasure)
    assert file.read_bytes() == before
    laid(settings, FOUND[how](csv(STAYS)), name)
    erasure = forget(settings, [GONE], [])
    assert (erasure.complete, said_of(erasure)) == (True, "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("packed", [False, True])
def test_a_landing_file_is_rewritten_whatever_its_name(settings: Settings, name: str, packed: bool) -> None:
    whole = csv(GONE, STAYS, f'"{GONE}"', f"{GONE}.00", f"+{GONE}", '"1,375,586"', "1.375586e6", "1.375.586")
    halves = gzip.compress(whole[:500]) + gzip.compress(whole[500:])
    file = laid(settings, halves if packed else whole, name)
    assert forget(settings, [GONE], []).complete
    assert (gzip.decompress(file.read_bytes()) if packed else file.read_bytes()) == csv(STAYS)


@pytest.mark.parametrize("type_", [pa.int64(), pa.float64(), pa.string()])
def test_a_parquet_file_of_customers_is_rewritten_whatever_its_name(settings: Settings, type_: pa.DataType) -> None:
    file = laid(
        settings,
        table(csv(GONE, STAYS), lambda rows, out: pq.write_table(rows.cast(pa.schema([("ncodpers", type_)])), out), "ncodpers"),
        "rows",
    )
    assert forget(settings, [GONE], []).complete
    assert [int(each) for each in pq.read_table(file)["ncodpers"].to_pylist()] == [STAYS]


def test_semicolons_have_a_key_too(settings: Settings) -> None:
    text = f"fecha;ncodpers;renta\n2015-01-28;{STAYS};{GONE}\n2015-01-28;1.375.586;7\n"
    file = laid(settings, text.encode(), "punto.csv")
    assert forget(settings, [GONE], []).complete
    assert file.read_text() == f"fecha;ncodpers;renta\n2015-01-28;{STAYS};{GONE}\n"


def encrypted_zip() -> bytes:
    content = bytearray(zipped(csv(STAYS)))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    return bytes(content)


def database_that_lost_its_row() -> bytes:
    content = bytearray(database(csv(GONE)))
    content[4099:4101] = bytes(2)  # the number of rows of the second page, which SQLite believes
    return bytes(content)


CLOSED = {
    "an encrypted zip": encrypted_zip(),
    "a zip cut off": zipped(csv(STAYS))[:-30],
    "a gzip cut off": gzip.compress(csv(STAYS))[:-30],
    "a 7z archive": b"7z\xbc\xaf\x27\x1c" + bytes(100),
    "a database cut off": database(csv(GONE))[:5000].ljust(8192, b"\xff"),
    "a database that lost its row": database_that_lost_its_row(),
    "a parquet file cut off": table(csv(STAYS), pq.write_table)[:-20],
    "a zip with a broken directory": zipped(csv(STAYS)).replace(b"PK\x01\x02", b"PK\x01\x07"),
    "an ORC file cut off": table(csv(STAYS), pyarrow.orc.write_table)[:-20],
    "a tar cut off": gzip.decompress(tarred(csv(STAYS)))[:700],
    "a PDF": b"%PDF-1.7\n" + os.urandom(64),
    "a pickle": pickle.dumps({"a": STAYS}),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "noise": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("what", CLOSED)
def test_what_cannot_be_looked_into_is_named(settings: Settings, what: str) -> None:
    file = laid(settings, CLOSED[what], "README.csv.gz" if what == "a gzip cut off" else "README.md")
    erasure = forget(settings, [GONE], [])
    (said,) = erasure.left
    assert said.startswith(f"{file}: cannot be ")
    assert file.read_bytes() == CLOSED[what]


def test_a_bomb_is_named_and_neither_memory_nor_time_goes_to_it(settings: Settings) -> None:
    small = settings.model_copy(
        update={"erasure": settings.erasure.model_copy(update={"max_unpacked": 30_000_000, "max_depth": 3})}
    )
    laid(settings, gzip.compress(b"a" * 60_000_000), "wide")
    deep = zipped(csv(GONE))
    for _ in range(4):
        deep = zipped(deep)
    laid(settings, deep, "deep")
    erasure = forget(small, [GONE], [])
    assert ["unpacks to more than 30 MB" in said or "3 archives deep" in said for said in erasure.left] == [True, True]


def test_links_pipes_and_folders_are_not_taken_for_files(settings: Settings, tmp_path: Path) -> None:
    raw = laid(settings, csv(STAYS), "a.csv").parent
    outside = tmp_path / "archive"
    outside.mkdir()
    (outside / "old.csv").write_bytes(csv(GONE))
    os.mkfifo(raw / "pipe.csv")
    (raw / "folder.csv").mkdir()
    (raw / "folder.csv" / "in.txt").write_bytes(csv(GONE))
    (raw / "link.csv").symlink_to(outside / "old.csv")
    (raw / "years").symlink_to(outside)
    erasure = forget(settings, [GONE], [])
    assert (raw / "folder.csv" / "in.txt").read_bytes() == csv()
    said = said_of(erasure)
    assert "link.csv: lies outside of the data folder" in said
    assert f"years: is a link to the folder {outside}" in said
    (raw / "years").unlink()
    assert forget(settings, [GONE], [raw / "link.csv"]).complete
    assert (outside / "old.csv").read_bytes() == csv()
    assert (raw / "link.csv").is_symlink()
