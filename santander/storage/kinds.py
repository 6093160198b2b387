"""The kind of a file by its first bytes, never by its name; one that is packed with gzip is opened for its plain bytes."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import BinaryIO, cast

from santander.storage.places import Place, open_read

HEAD = 4096
"""Bytes by which a kind is told."""


class Kind(Enum):
    """How a file is looked into."""

    EMPTY = auto()
    TEXT = auto()
    PACKED = auto()
    """One stream, compressed."""
    ZIP = auto()
    TAR = auto()
    PARQUET = auto()
    ARROW = auto()
    ORC = auto()
    SQLITE = auto()
    NUMPY = auto()
    PICTURE = auto()
    OPAQUE = auto()
    """Of a known kind that nothing here decodes."""
    UNKNOWN = auto()


PACKINGS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x5d\x00\x00": "xz",  # lzma, which the same decoder reads
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
"""How compressed streams begin, and which decoder reads them."""

_BEGINNINGS = {
    b"PK\x03\x04": Kind.ZIP,
    b"PK\x05\x06": Kind.ZIP,
    b"PAR1": Kind.PARQUET,
    b"ARROW1\x00\x00": Kind.ARROW,
    b"ORC": Kind.ORC,
    b"SQLite format 3\x00": Kind.SQLITE,
    b"\x93NUMPY": Kind.NUMPY,
    b"\x89PNG\r\n\x1a\n": Kind.PICTURE,
    b"\xff\xd8\xff": Kind.PICTURE,
    b"GIF8": Kind.PICTURE,
}
_OPAQUE = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a rar archive",
    b"\x1f\x9d": "packed by compress",
    b"%PDF-": "a PDF",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Office document of the old or an encrypted kind",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"PARE": "an encrypted parquet file",
    b"FEA1": "a feather file of the first version",
    b"Obj\x01": "an Avro file",
    **{bytes([0x80, protocol]): "a pickle, which is not safe to open" for protocol in range(2, 6)},
}
_TAR_MAGIC, _TAR_PLACE = b"ustar", 257
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF8: "utf-8",
}
"""Those of four bytes first: one of UTF-16 is the beginning of one of UTF-32."""
_CONTROL = bytes({*range(32)} - set(b"\t\n\v\f\r\x1a\x1b")) + b"\x7f"
_MOST_CONTROLS = 0.02
_WIDE_ZEROS, _NARROW_ZEROS = 0.6, 0.1
_EBCDIC = "cp037"
_LEAST_READABLE = 0.97
"""Shares of characters by which a text is told from other bytes, and one encoding from another. No settings: each was tried on
texts and packed files of the tests, and a wrong one leaves persons unfound."""


def kind_of(head: bytes) -> Kind:
    """The kind of a file that begins with these bytes, HEAD of them or all there are."""
    if not head:
        return Kind.EMPTY
    if head.startswith(tuple(PACKINGS)):
        return Kind.PACKED
    if head.startswith(tuple(_OPAQUE)):
        return Kind.OPAQUE
    for beginning, kind in _BEGINNINGS.items():
        if head.startswith(beginning):
            return kind
    if head[_TAR_PLACE : _TAR_PLACE + len(_TAR_MAGIC)] == _TAR_MAGIC:
        return Kind.TAR
    return Kind.TEXT if encoding_of(head) else Kind.UNKNOWN


def opaque_name(head: bytes) -> str:
    """Return the name for people of a kind of file that nothing here decodes."""
    return next((name for beginning, name in _OPAQUE.items() if head.startswith(beginning)), "of no kind that is known here")


def encoding_of(head: bytes) -> str | None:
    """The encoding of a text that begins so; None for what is no text."""
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            return encoding
    if wide := _wide_encoding(head):
        return wide
    controls = sum(head.count(each) for each in _CONTROL)
    if controls <= _MOST_CONTROLS * len(head):
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError:
            return None if controls else _one_byte_encoding(head)
        return "utf-8"
    return _EBCDIC if _readable(head.decode(_EBCDIC)) else None


def _one_byte_encoding(head: bytes) -> str:
    """EBCDIC where that reads better: its digits are letters with accents to everybody else."""
    return _EBCDIC if _readable(head.decode(_EBCDIC)) and not _readable(head.decode("latin-1")) else "latin-1"


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, by where its zeros are: most characters of a csv are in ASCII."""
    for width, little, big in ((4, "utf-32-le", "utf-32-be"), (2, "utf-16-le", "utf-16-be")):
        units = len(head) // width
        if not units:
            continue
        shares = [head[place : units * width : width].count(0) / units for place in range(width)]
        if shares[0] <= _NARROW_ZEROS and min(shares[1:]) >= _WIDE_ZEROS:
            return little
        if shares[-1] <= _NARROW_ZEROS and min(shares[:-1]) >= _WIDE_ZEROS:
            return big
    return None


def _readable(text: str) -> bool:
    plain = sum((" " <= character <= "~") or character in "\r\n\t\x85" for character in text)
    return plain >= _LEAST_READABLE * len(text)


_GZIP_MAGIC = b"\x1f\x8b"
UNREADABLE = (OSError, EOFError, zlib.error)
"""What reading a file that may be packed can raise: a wrong header or sum, an end too early, bytes that make no sense."""


def is_packed(file: Place) -> bool:
    """Whether the file begins as gzip does."""
    with open_read(file) as source:
        return source.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC


@contextmanager
def open_plain(file: Place) -> Iterator[BinaryIO]:
    """Open a file for its plain bytes, unpacked on the way where it is packed; raises one of UNREADABLE while it is read."""
    packed = is_packed(file)
    with open_read(file) as source:
        if not packed:
            yield source
            return
        with gzip.open(source) as plain:
            yield cast("BinaryIO", plain)
