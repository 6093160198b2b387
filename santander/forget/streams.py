"""Streams of bytes that are read once and in order: unpacked, recoded to UTF-8, and never more than a limit of them."""

import codecs
import io
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import BinaryIO, cast

from santander.config.sections import shown_size
from santander.errors import SantanderError
from santander.storage.kinds import HEAD, PACKINGS

_BLOCK = 1 << 20
_SPOOLED = 64 << 20
"""Bytes that are read at a time, and of an unpacked part that stays in memory; more goes to a temporary file. No settings:
neither changes what is found."""


class TooMuch(SantanderError):
    """A file unpacks to more than may be looked at."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"unpacks to more than {shown_size(limit)} (erasure.max_unpacked)")


class Allowance:
    """The bytes that one file may still unpack to, at all depths together."""

    def __init__(self, limit: int) -> None:
        self._limit = self._left = limit

    def spend(self, count: int) -> None:
        """Count bytes; raises TooMuch when there are more than allowed."""
        self._left -= count
        if self._left < 0:
            raise TooMuch(self._limit)


class _Blocks(io.RawIOBase):
    """A stream of the bytes of blocks, which are made when they are read."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._waiting = blocks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        while not self._waiting:
            if (block := next(self._blocks, None)) is None:
                return 0
            self._waiting = block
        count = min(len(buffer), len(self._waiting))
        buffer[:count], self._waiting = self._waiting[:count], self._waiting[count:]
        return count


def begun(source: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes of a stream, and the stream from its beginning."""
    head = b""
    while len(head) < HEAD and (block := source.read(HEAD - len(head))):
        head += block
    if source.seekable():
        source.seek(0)
        return head, source
    return head, _stream(chain([head], _blocks_of(source)))


def counted(source: BinaryIO, allowance: Allowance) -> BinaryIO:
    """The stream, each byte of which is counted; reading raises TooMuch when there are more than allowed."""

    def blocks() -> Iterator[bytes]:
        for block in _blocks_of(source):
            allowance.spend(len(block))
            yield block

    return _stream(blocks())


def recoded(source: BinaryIO, encoding: str) -> BinaryIO:
    """The stream in UTF-8; one byte a character is left as it is, since digits are where they are in ASCII."""
    if encoding in {"utf-8", "latin-1"}:
        return source
    texts = codecs.iterdecode(_blocks_of(source), encoding, "replace")
    return _stream(text.replace("\x85", "\n").encode("utf-8", "replace") for text in texts)  # the end of a line in EBCDIC


def unpacked(source: BinaryIO, head: bytes) -> BinaryIO:
    """The plain bytes of a stream that is compressed, all of its members; broken ones raise one of ``packed.UNREADABLE``."""
    packing = next(name for beginning, name in PACKINGS.items() if head.startswith(beginning))
    if packing == "gzip":
        import gzip

        return cast("BinaryIO", gzip.open(source))
    if packing == "bz2":
        import bz2

        return cast("BinaryIO", bz2.open(source))
    if packing == "xz":
        import lzma

        return cast("BinaryIO", lzma.open(source))
    import pyarrow as pa

    return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(source, mode="r"), packing))


def seekable(source: BinaryIO) -> BinaryIO:
    """The stream where it can be sought, else a copy of it, on the disk when it is long."""
    if source.seekable():
        return source
    copy = tempfile.SpooledTemporaryFile(max_size=_SPOOLED)  # noqa: SIM115  (whom it is given to closes it)
    shutil.copyfileobj(source, copy, _BLOCK)
    copy.seek(0)
    return cast("BinaryIO", copy)


def _blocks_of(source: BinaryIO) -> Iterator[bytes]:
    return iter(partial(source.read, _BLOCK), b"")


def _stream(blocks: Iterator[bytes]) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Blocks(blocks), _BLOCK))
