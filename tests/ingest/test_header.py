"""What is said of a file that is no landing file: what it is or which names are wrong, by its content, and what to do."""

import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.landing import refuse_unreadable, survey
from santander.schema.columns import SOURCE_HEADER
from tests.landing_files import header, record

CSV = ("\n".join([header(), *(record(i) for i in range(1, 20))]) + "\n").encode()
NAMES = list(SOURCE_HEADER)


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return packed.getvalue()


def in_tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo("train_ver2.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    return packed.getvalue()


def written(write: Callable[[pa.Table, io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    write(pa.table({"ncodpers": [1]}), out)
    return out.getvalue()


def named(*names: str) -> bytes:
    return (",".join(names) + "\n" + record(1) + "\n").encode()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 2281692964\n" % (b"0" * 64)
OTHER_KINDS: dict[str, tuple[bytes, str]] = {
    "kaggle's zip": (zipped(**{"train_ver2.csv": CSV}), "is a zip archive of train_ver2.csv: unpack it"),
    "xlsx": (zipped(**{"[Content_Types].xml": b"<x/>", "xl__workbook.xml": b"<x/>"}), "is an Excel file .xlsx."),
    "ods": (zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "is an OpenDocument file .ods."),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is an Excel file of the old kind .xls."),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(99), "is a 7z archive: unpack it"),
    "rar": (b"Rar!\x1a\x07\x01" + bytes(99), "is a rar archive: unpack it"),
    "tar": (in_tar(), "is a tar archive: unpack it"),
    "xz": (lzma.compress(CSV), "is packed with xz: unpack it"),
    "gzip twice": (gzip.compress(gzip.compress(CSV)), "is packed with gzip"),
    "parquet": (written(pq.write_table), "is a parquet file: write it as csv"),
    "feather": (written(pyarrow.feather.write_feather), "is an Arrow file"),
    "git-lfs": (POINTER, "is a pointer of git-lfs to a file of 2,281,692,964 bytes: fetch the file itself"),
    "git-annex": (b"/annex/objects/SHA256E-s2281692964--00.csv\n", "is a pointer of git-annex"),
    "web page": (b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>", "is a web page .'Sign in'.: download"),
    "web page without a doctype": (b"\xef\xbb\xbf<html lang=es><body>", "is a web page: download"),
    "an answer of a bucket": (b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', "is XML: download"),
    "JSON": (b'[{"fecha_dato": "2015-01-28"}]', "is JSON: write it as csv"),
    "JSON lines": (b'{"fecha_dato": "2015-01-28"}\n{}\n', "is JSON"),
    "UTF-16": (CSV.decode().encode("utf-16"), "is UTF-16 text: convert it"),
    "UTF-16 without a mark": (CSV.decode().encode("utf-16-le"), r"is UTF-16 text: .*iconv -f UTF-16LE -t"),
    "UTF-32": (CSV.decode().encode("utf-32"), "is UTF-32 text"),
    "a header alone": (CSV.partition(b"\n")[0] + b"\n", "has a header but no records: name a file with records"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "is a picture"),
    "zeros": (bytes(9_000), "is no text"),
    "empty": (b"", "the file is empty"),
    "blank": (b"\xef\xbb\xbf \r\n\n", "the file is empty"),
    "an empty line first": (b"\n" + CSV, "line 1 is empty, where the header should be: remove"),
    "old Mac": (CSV.replace(b"\n", b"\r"), "its lines end with a carriage return alone: end them"),
    "semicolons": (CSV.replace(b",", b";"), "its columns are separated by semicolons .;., not by commas"),
    "tabs": (CSV.replace(b",", b"\t"), "its columns are separated by tabs, not"),
    "bars": (CSV.replace(b",", b"|"), r"its columns are separated by vertical bars .\|., not"),
    "Excel's first line": (b"sep=;\r\n" + CSV.replace(b",", b";"), "its first line declares semicolons"),
    "no header": (CSV.partition(b"\n")[2], "and the first line is a record: put a line with the names above it"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHER_KINDS)
@pytest.mark.parametrize("packed", [False, True])
def test_another_kind_of_file_is_called_what_it_is_whatever_its_name(tmp_path: Path, kind: str, packed: bool) -> None:
    content, said = OTHER_KINDS[kind]
    file = tmp_path / ("train_ver2.csv" if packed else "train_ver2.csv.gz")
    file.write_bytes(gzip.compress(content) if packed else content)
    if kind == "gzip twice" and not packed:
        file.write_bytes(gzip.compress(content))
    for refuse in (lambda: refuse_unreadable([file]), lambda: survey(file, 1 << 20, tmp_path)):
        with pytest.raises(LandingFileRefused, match=said) as refusal:
            refuse()
        assert refusal.value.file == str(file)
        assert refusal.value.hint
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "said", "column"),
    [
        (named(*NAMES[:19], *NAMES[20:]), "47 columns; missing cod_prov.: export", "cod_prov"),
        (named(*NAMES[:30]), "30 columns; missing ind_ctma_fin_ult1, .* and 12 more", "ind_ctma_fin_ult1"),
        (named(*NAMES[:20]), "20 columns; missing nomprov, ind_actividad_cliente, renta, segmento.", "nomprov"),
        (named("", *NAMES), r"not of the file ''.: leave the others out .pandas: to_csv.FILE, index=False..", ""),
        (named(*NAMES, "churn", "score"), "50 columns; not of the file 'churn', 'score'.: leave the others out", "churn"),
        (named(*NAMES, "age"), "49 columns; more than once age.: leave one of each", "age"),
        (named(*map(str.upper, NAMES)), "'FECHA_DATO' should be 'fecha_dato', .* and 42 more.: write", "FECHA_DATO"),
        (named(*NAMES[:4], "'sexo'", *NAMES[5:]), "\"'sexo'\" should be 'sexo'", "'sexo'"),
        (named("\ufeff\ufefffecha_dato", *NAMES[1:]), "'.ufefffecha_dato' should be 'fecha_dato'", "\ufefffecha_dato"),
        (named("snapshot_date", "customer_id", *NAMES[2:]), "'snapshot_date' should be 'fecha_dato', 'customer_id' should", None),
        (named("quarantine_id", *NAMES), "is a file of corrections: 'santander quarantine --replay' takes it in", None),
    ],
)
def test_names_that_are_wrong_are_named(tmp_path: Path, content: bytes, said: str, column: str | None) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(LandingFileRefused, match=said) as refusal:
        refuse_unreadable([file])
    assert (refusal.value.line, bool(refusal.value.hint)) == (1, True)
    assert column is None or refusal.value.column == column


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("form", ["{}", '"{}"', " {} "])
def test_a_byte_order_mark_quotes_and_blanks_around_names_are_no_fault(tmp_path: Path, mark: str, form: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(mark + ",".join(map(form.format, reversed(NAMES))) + "\r\n" + record(1) + "\r\n", encoding="utf-8")
    assert survey(file, 1 << 20, tmp_path).columns.places == tuple(reversed(range(48)))


def test_a_line_in_another_encoding_is_named_with_its_text(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(CSV + record(30, nomprov='"CORUÑA, A"').encode("latin-1") + b"\n")
    with pytest.raises(LandingFileRefused, match="line 21 is not UTF-8 text: save it as UTF-8") as refusal:
        survey(file, 1 << 20, tmp_path)
    assert (refusal.value.line, refusal.value.example) == (21, '"CORUÑA')
