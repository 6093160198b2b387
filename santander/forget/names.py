"""Ids in names: of files, folders, members of archives, columns and tables, and in fields that are to hold an id and little else.

A name is no prose: letters and underscores beside the digits hide nothing (``c1005072``, ``customer_id=1005072``), and points
separate (``1005072.d``). Digests and uuids, which name runs and versions, are no ids whatever digits stand in them.
"""

import re

import numpy as np

from santander.suppression.spellings import find, plain_digits
from santander.suppression.tokens import Numbers

_DIGEST = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=[0-9]*[a-f])[0-9a-f]{16,})(?![0-9A-Za-z])", re.IGNORECASE
)


def names_in(text: str, ids: Numbers) -> Numbers:
    """The persons that a name tells, each once."""
    if not any(character.isdigit() for character in text):
        return np.empty(0, np.int64)
    plain = plain_digits(_DIGEST.sub("/", text).encode("utf-8", "surrogateescape"))
    return np.unique(np.concatenate([find(each, ids, glued=True)[1] for each in (plain, plain.replace(b".", b"/"))]))
