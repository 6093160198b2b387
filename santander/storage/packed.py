"""Files that may be packed with gzip, told by their first bytes and not by their name."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from santander.storage.places import Place, open_read

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
