# ruff: noqa: E501  (one line a file, to be read as a table)
"""Landing files as they should not arrive, and what must become of each: refused by a rule, or ingested with these counts.

All are made from one month of 300 legal records, so that up to three bad lines stay below the limit of one in a hundred.
"""

import gzip
import io
import random
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.landing_files import header, record

GOOD = 300
MONTH = "2015-01"
LONG = "A" * 10_000
LINES = [record(customer) for customer in range(1, GOOD + 1)]
HEADER = header()
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class BrokenFile:
    """``refused``: a pattern of the rule that refuses it, None for a file that is ingested.

    ``kept`` of its lines become rows; ``reasons`` count what goes to quarantine, whole lines (``rows``) and values of
    lines that are kept. ``chunk_bytes`` is how much of it is parsed at a time.
    """

    name: str
    content: bytes | None
    refused: str | None = None
    kept: int = GOOD
    rows: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, int] = field(default_factory=dict)
    chunk_bytes: int = 1 << 24
    by_command: bool = False
    """Whether it is also given to the command, as a process of its own."""

    @property
    def read(self) -> int:
        return self.kept + sum(self.rows.values())


def text(*lines: str, first: str = HEADER, end: str = "\n") -> bytes:
    return "".join(line + end for line in (first, *lines)).encode()


def with_line(line: str, *, at: int = 150) -> bytes:
    """The good file with one line more."""
    return text(*LINES[:at], line, *LINES[at:])


def with_value(**fields: str) -> bytes:
    """The good file with one record changed."""
    return text(*LINES[:7], record(8, **fields), *LINES[8:])


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("train_ver2.csv", content)
    return packed.getvalue()


def with_byte(content: bytes, position: int, byte: bytes) -> bytes:
    return content[:position] + byte + content[position + 1 :]


def turned(line: str) -> str:
    return ",".join(line.split(",")[::-1])


PLAIN = text(*LINES)
PACKED = gzip.compress(PLAIN, mtime=0)
NOISE = random.Random(20160628).randbytes(40_000)  # noqa: S311  (bytes that are no text, the same each time)
DEFLATED_ONLY = zlib.compress(PLAIN)
ILLEGAL = "the header must be the 48 columns"
NAMES = HEADER.split(",")

REFUSED = [
    BrokenFile("missing", None, "there is no file", by_command=True),
    BrokenFile("empty", b"", "the file is empty"),
    BrokenFile("one line end", b"\n", "the file is empty"),
    BrokenFile("byte order mark only", BOM, "the file is empty"),
    BrokenFile("header only", text(), "a header but no records"),
    BrokenFile("header without line end", HEADER.encode(), "a header but no records"),
    BrokenFile("random bytes", NOISE, "is no text"),
    BrokenFile("only NUL bytes", bytes(10_000), "is no text", by_command=True),
    BrokenFile("png", b"\x89PNG\r\n\x1a\n" + NOISE, "is a picture"),
    BrokenFile("parquet", b"PAR1" + NOISE, "is a parquet file"),
    BrokenFile("html", b"<!DOCTYPE html>\n<html></html>\n", "is a web page"),
    BrokenFile("json", b'{"fecha_dato": "2015-01-28"}\n', "is JSON"),
    BrokenFile("zip archive", zipped(PLAIN), "is a zip archive of train_ver2.csv"),
    BrokenFile("zlib without gzip header", DEFLATED_ONLY, "is no text|UTF-8"),
    BrokenFile("UTF-16 with mark", PLAIN.decode().encode("utf-16"), "is UTF-16 text", by_command=True),
    BrokenFile("UTF-16 without mark", PLAIN.decode().encode("utf-16-le"), "is UTF-16 text"),
    BrokenFile("UTF-32", PLAIN.decode().encode("utf-32"), "is UTF-32 text"),
    BrokenFile("latin-1", with_value(nomprov='"CORUÑA, A"').decode().encode("latin-1"), "line 9 is not UTF-8", by_command=True),
    BrokenFile("surrogates in UTF-8", with_byte(PLAIN, 9_000, b"\xed\xa0\x80"), "line [0-9]+ is not UTF-8"),
    BrokenFile("cut inside a character", PLAIN + record(301, nomprov='"CORU').encode() + b"\xc3", "line 302 is not UTF-8"),
    *(
        BrokenFile(f"bad byte at {position}, chunks of 1024", with_byte(PLAIN, position, b"\xff"), "is not UTF-8", chunk_bytes=1024)
        for position in (len(HEADER) + 1, len(HEADER) + 1024, len(HEADER) + 1025, len(HEADER) + 2049, len(PLAIN) - 2)
    ),
    BrokenFile("semicolons", PLAIN.replace(b",", b";"), "separated by semicolons", by_command=True),
    BrokenFile("tabs", PLAIN.replace(b",", b"\t"), "separated by tabs"),
    BrokenFile("header in capitals", text(*LINES, first=HEADER.upper()), ILLEGAL),
    BrokenFile("no header", text(*LINES[1:], first=LINES[0]), ILLEGAL),
    BrokenFile("100 columns of one name", text(*LINES, first=",".join(['"ncodpers"'] * 100)), ILLEGAL, by_command=True),
    BrokenFile("100 repeated columns more", text(*LINES, first=",".join([*NAMES, *NAMES * 2, *NAMES[:4]])), ILLEGAL),
    BrokenFile("one column twice", text(*LINES, first=",".join([*NAMES[:-1], NAMES[1]])), ILLEGAL),
    BrokenFile("a column less", text(*LINES, first=",".join(NAMES[:-1])), ILLEGAL),
    BrokenFile("a nameless column more", text(*LINES, first=HEADER + ","), ILLEGAL),
    BrokenFile("header with an open quote", text(*LINES, first=HEADER[:-1]), ILLEGAL),
    BrokenFile("line ends of the old Mac", PLAIN.replace(b"\n", b"\r"), "carriage return alone"),
    BrokenFile("line ends of the old Mac, 3 lines", text(*LINES[:3], end="\r"), "carriage return alone"),
    BrokenFile("carriage return in the header", text(*LINES, first=HEADER.replace(",", "\r,", 1)), ILLEGAL),
    BrokenFile("header of 20,000 bytes", text(*LINES, first=HEADER + "," + LONG * 2), "longer than"),
    BrokenFile("gzip cut in the middle", PACKED[: len(PACKED) // 2], "cannot be unpacked", by_command=True),
    BrokenFile("gzip with a flipped byte", with_byte(PACKED, len(PACKED) // 2, b"\x00"), "cannot be unpacked"),
    BrokenFile("gzip of nothing", gzip.compress(b""), "the file is empty"),
    BrokenFile("gzip of a gzip", gzip.compress(PACKED), "is packed with gzip twice"),
    BrokenFile("gzip in name only", b"\x1f\x8b" + NOISE, "cannot be unpacked"),
    BrokenFile("doubled", PLAIN + PLAIN, "repeat the key|would be quarantined", by_command=True),
    BrokenFile("doubled records", text(*LINES, *LINES), "300 records repeat the key"),
    BrokenFile("cut after a third", PLAIN[: len(PLAIN) // 3], "would shrink by more than half|would be quarantined"),
    BrokenFile("cut after 100 lines", text(*LINES[:100]), "would shrink by more than half"),
    BrokenFile("without its products", text(*(record(i, columns=24) for i in range(1, GOOD + 1)), first=header(24)), "lose the products"),
    BrokenFile("every date a day early", PLAIN.replace(b"2015-01-28", b"2015-01-27"), "no legal record"),
    BrokenFile("nothing but commas", text(*["," * 47] * 300), "no legal record"),
    BrokenFile("4 open quotes in 300", text(*LINES[4:], *(record(i, nomprov='"MALAGA') for i in range(1, 5))), r"open_quote 4"),
    BrokenFile("every value wrong", PLAIN.replace(b",H,", b",Q,"), "bad_value 300"),
]  # fmt: skip

INGESTED = [
    BrokenFile("plain", PLAIN),
    BrokenFile("Windows line ends", text(*LINES, end="\r\n")),
    BrokenFile("byte order mark", BOM + PLAIN),
    BrokenFile("byte order mark and Windows line ends", BOM + text(*LINES, end="\r\n")),
    BrokenFile("gzip", PACKED, by_command=True),
    BrokenFile("gzip of two members", gzip.compress(PLAIN[:5_000]) + gzip.compress(PLAIN[5_000:])),
    BrokenFile("no line end at the end", PLAIN[:-1]),
    BrokenFile("cut in the middle of a line", PLAIN + LINES[0][:40].encode(), rows={"wrong_number_of_fields": 1}, by_command=True),
    BrokenFile("cut inside a quote", PLAIN + LINES[0].split("MALAGA")[0].encode(), rows={"open_quote": 1}),
    BrokenFile("header unquoted", text(*LINES, first=HEADER.replace('"', ""))),
    BrokenFile("columns from the last to the first", text(*(turned(line) for line in LINES), first=turned(HEADER))),
    BrokenFile("header with blanks", text(*LINES, first=HEADER.replace(",", " ,"))),
    BrokenFile("all fields quoted", text(*('"' + line.replace('"', "").replace(",", '","') + '"' for line in LINES))),
    BrokenFile("NUL in a value", with_value(sexo="\0"), values={"unreadable": 1}, by_command=True),
    BrokenFile("NUL in the key", with_value(ncodpers="8\0"), kept=299, rows={"bad_customer_id": 1}),
    BrokenFile("NUL for a product flag", with_value(ind_cco_fin_ult1="\0"), kept=299, rows={"bad_product_flag": 1}),
    BrokenFile("a line of NUL bytes", with_line("\0" * 500), rows={"wrong_number_of_fields": 1}),
    BrokenFile("value of 10,000 characters", with_value(nomprov=f'"{LONG}"'), values={"unreadable": 1}, by_command=True),
    BrokenFile("key of 10,000 digits", with_value(ncodpers="1" * 10_000), kept=299, rows={"bad_customer_id": 1}),
    BrokenFile("date of 10,000 characters", with_value(fecha_dato=LONG), kept=299, rows={"bad_snapshot_date": 1}),
    BrokenFile("line of a million characters", with_line("A" * 1_000_000), rows={"wrong_number_of_fields": 1}),
    BrokenFile("1,000 commas more", with_line(LINES[3] + "," * 1_000), rows={"wrong_number_of_fields": 1}),
    BrokenFile("quoted newline", with_value(nomprov='"MALA\nGA"'), kept=299, rows={"open_quote": 1, "wrong_number_of_fields": 1}),
    BrokenFile("open quote", with_value(nomprov='"MALAGA'), kept=299, rows={"open_quote": 1}),
    BrokenFile("open quote, chunks of 1024", with_value(nomprov='"MALAGA'), kept=299, rows={"open_quote": 1}, chunk_bytes=1024),
    BrokenFile("open quote in the last line", text(*LINES, record(301, nomprov='"MALAGA')), rows={"open_quote": 1}),
    BrokenFile("a lone quote", with_line('"'), rows={"open_quote": 1}),
    BrokenFile("carriage return inside", with_value(nomprov='"MALA\rGA"'), kept=299, rows={"stray_carriage_return": 1}),
    BrokenFile("blank lines", text(*LINES[:9], "", "  ", *LINES[9:]), rows={"bad_snapshot_date": 1, "wrong_number_of_fields": 1}),
    BrokenFile("Ctrl-Z at the end", PLAIN + b"\x1a", rows={"wrong_number_of_fields": 1}),
    BrokenFile("a line of commas", with_line("," * 47), rows={"bad_snapshot_date": 1}),
    BrokenFile("header repeated inside", with_line(HEADER), rows={"bad_snapshot_date": 1}),
    BrokenFile("three records twice", text(*LINES, *LINES[:3]), rows={"duplicate_key": 3}, by_command=True),
    BrokenFile("digits of other scripts", with_value(age="٣٥"), values={"unreadable": 1}),
    BrokenFile("key beyond 64 bits", with_value(ncodpers="9" * 19), kept=299, rows={"bad_customer_id": 1}),
    BrokenFile("negative key", with_value(ncodpers="-8"), kept=299, rows={"bad_customer_id": 1}),
    BrokenFile("no such day", with_value(fecha_alta="2015-02-30"), values={"unreadable": 1}),
    BrokenFile("line separators of Unicode", with_value(nomprov='"MALA\u2028\u0085GA"')),
    BrokenFile("characters of four bytes", with_value(nomprov='"MALAGA 🏦"')),
    BrokenFile("two-byte characters, chunks of 1024", text(*(record(i, nomprov='"ÑÑÑÑÑÑÑ"') for i in range(1, 301))), chunk_bytes=1024),
    BrokenFile("markup and formulas", with_value(nomprov='"=1+1 [bold] <b> {0} %s $HOME"')),
]  # fmt: skip
