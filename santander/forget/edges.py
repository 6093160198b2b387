"""What an archive says outside of its members: the end of a zip, and the header of a gzip."""

from typing import BinaryIO

_END_OF_ZIP, _END_LENGTH, _LONGEST_COMMENT = b"PK\x05\x06", 22, 1 << 16
_EXTRA, _NAME, _COMMENT = 4, 8, 16
_FIXED = 10


def after_zip(archive: BinaryIO) -> str:
    """The comment of a zip and whatever follows it; the stream is left where it was."""
    position = archive.tell()
    size = archive.seek(0, 2)
    archive.seek(max(size - _END_LENGTH - _LONGEST_COMMENT, 0))
    tail = archive.read()
    archive.seek(position)
    at = tail.rfind(_END_OF_ZIP)
    return tail[at + _END_LENGTH :].decode("utf-8", "surrogateescape") if at >= 0 else ""


def said_by_gzip(head: bytes) -> str:
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
