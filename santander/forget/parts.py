"""The parts of a file: itself, or what is packed in it at any depth, each as a stream with its kind.

Kinds are told by content. What cannot be opened (encrypted, broken, too large, too deep) is a part too, with the reason.
"""

import io
import lzma
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from santander.errors import SantanderError, telling_line
from santander.forget.streams import Allowance, TooMuch, begun, counted, recoded, seekable, unpacked
from santander.storage.kinds import Kind, encoding_of, kind_of, opaque_name

if TYPE_CHECKING:
    from santander.config.sections import ErasureSettings

_END_OF_ZIP, _END_LENGTH, _LONGEST_COMMENT = b"PK\x05\x06", 22, 1 << 16
_EXTRA, _NAME, _COMMENT = 4, 8, 16
_FIXED = 10


def zip_comment(archive: BinaryIO) -> str:
    """The comment of a zip and whatever follows it; the stream is left where it was."""
    position = archive.tell()
    size = archive.seek(0, 2)
    archive.seek(max(size - _END_LENGTH - _LONGEST_COMMENT, 0))
    tail = archive.read()
    archive.seek(position)
    at = tail.rfind(_END_OF_ZIP)
    return tail[at + _END_LENGTH :].decode("utf-8", "surrogateescape") if at >= 0 else ""


def gzip_header(head: bytes) -> str:
    """The file name and the comment in the header of a gzip that begins with these bytes; empty where it has none."""
    if not head.startswith(b"\x1f\x8b") or len(head) < _FIXED:
        return ""
    flags, at, said = head[3], _FIXED, []
    if flags & _EXTRA:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            text, _, _ = head[at:].partition(b"\0")
            said.append(text.decode("latin-1"))
            at += len(text) + 1
    return "\n".join(said)


BROKEN = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, LookupError, OverflowError, struct.error, SantanderError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, sqlite3.Error),
)
"""What opening and decoding a file of any kind can raise; RuntimeError is a zip's word for encrypted."""
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One stream to be looked at: a text is in UTF-8 by now; ``within`` names it in its archives, empty for a file itself."""

    within: str
    kind: Kind
    source: BinaryIO
    encoding: str = ""
    names: str = ""
    """Its name in the archive, or what else is said of it there, which may name a person as well."""
    named_by: str = "the name"


@dataclass(frozen=True, slots=True)
class Closed:
    """A part that cannot be looked at, and why."""

    within: str
    reason: str


def parts_of(source: BinaryIO, limits: "ErasureSettings") -> Iterator[Part | Closed]:
    """Everything in a file; each part is to be read before the next is asked for."""
    yield from _opened(source, "", 0, limits.max_depth, Allowance(limits.max_unpacked))


def _opened(source: BinaryIO, within: str, depth: int, deepest: int, allowance: Allowance) -> Iterator[Part | Closed]:
    try:
        head, source = begun(source)
        kind = kind_of(head)
        if kind is Kind.OPAQUE:
            yield Closed(within, opaque_name(head))
        elif kind is Kind.TEXT:
            encoding = encoding_of(head) or ""
            yield Part(within, kind, recoded(source, encoding), encoding)
        elif kind not in {Kind.PACKED, Kind.ZIP, Kind.TAR}:
            yield Part(within, kind, source)
        elif depth == deepest:
            yield Closed(within, f"lies more than {deepest} archives deep (erasure.max_depth)")
        elif kind is Kind.PACKED:
            if said := gzip_header(head):
                yield Part(within, Kind.EMPTY, io.BytesIO(), names=said, named_by="the header of the gzip")
            yield from _opened(counted(unpacked(source, head), allowance), within, depth + 1, deepest, allowance)
        else:
            yield from _members(kind, source, within, depth, deepest, allowance)
    except TooMuch as error:
        if depth:
            raise  # nothing more of this file is opened
        yield Closed(within, str(error))
    except BROKEN as error:
        yield Closed(within, unreadable(error))


def _members(
    kind: Kind, source: BinaryIO, within: str, depth: int, deepest: int, allowance: Allowance
) -> Iterator[Part | Closed]:
    for name, member in _of_zip(source) if kind is Kind.ZIP else _of_tar(source):
        if isinstance(member, Part):
            yield Part(within, member.kind, member.source, names=member.names, named_by=member.named_by)
            continue
        inner = f"{within}/{name}" if within else name
        if isinstance(member, str):
            yield Closed(inner, member)
            continue
        yield Part(inner, Kind.EMPTY, member, names=name)
        yield from _opened(counted(member, allowance), inner, depth + 1, deepest, allowance)


def _of_zip(source: BinaryIO) -> Iterator[tuple[str, BinaryIO | str | Part]]:
    with seekable(source) as whole, zipfile.ZipFile(whole) as archive:
        if said := zip_comment(whole):
            yield "", _said("the end of the zip", said)
        for info in archive.infolist():
            if info.comment:
                yield "", _said("a comment in the zip", info.comment.decode("utf-8", "surrogateescape"))
            if info.is_dir():
                yield "", _said("the name of a folder in the zip", info.filename)
                continue
            if info.flag_bits & _ENCRYPTED:
                yield info.filename, "is encrypted"
                continue
            try:
                member = archive.open(info)
            except BROKEN as error:
                yield info.filename, unreadable(error)
                continue
            with member:
                yield info.filename, cast("BinaryIO", member)


def _of_tar(source: BinaryIO) -> Iterator[tuple[str, BinaryIO | str | Part]]:
    with tarfile.open(fileobj=source, mode="r|") as archive:
        for info in archive:
            yield "", _said("the owner or a link in the tar", f"{info.linkname} {info.uname} {info.gname}")
            if not info.isfile():
                yield "", _said("the name of a folder or link in the tar", info.name)
            if info.isfile() and (member := archive.extractfile(info)) is not None:
                yield info.name, cast("BinaryIO", member)


def _said(where: str, text: str) -> Part:
    return Part("", Kind.EMPTY, io.BytesIO(), names=text, named_by=where)


def unreadable(error: Exception) -> str:
    """Why a part cannot be read, in one line."""
    return f"cannot be read: {str(error) if isinstance(error, SantanderError) else telling_line(error)}"
