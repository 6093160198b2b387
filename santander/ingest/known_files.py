"""The SHA-256 of landing files as read before, so that a run need not read gigabytes to learn that nothing has changed.

A file is taken for the one that was read when path, size, inode and both of its times are the same, as git does it. A file
that had only just been changed when it was read is not remembered: it may be changed again within the same tick of the clock.
"""

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from santander.ingest.landing import sha256_of
from santander.storage.places import Place, whole_file

SETTLED_SECONDS = 2.0
"""How long a file must have been left alone to be remembered: the coarsest clock of a file system ticks every two seconds."""


@dataclass
class KnownFiles:
    """The files known in a state folder; what is there can be deleted at any time, and is read anew then."""

    file: Path
    _sha256: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        try:
            known = json.loads(self.file.read_text(encoding="utf-8"))
            self._sha256 = {str(key): str(value) for key, value in known.items()}
        except (OSError, ValueError, AttributeError):
            self._sha256 = {}

    def sha256(self, place: Place) -> str:
        """The fingerprint of a landing file, from memory where it is the file that was read; raises as ``sha256_of`` does."""
        before = identity_of(place)
        if before is not None and before in self._sha256:
            return self._sha256[before]
        found = sha256_of(place)
        self.remember(place, before, found)
        return found

    def remember(self, place: Place, before: str | None, sha256: str) -> None:
        """Keep what reading a file gave, unless it changed meanwhile; ``before`` is its identity when reading began."""
        if before is None or before in self._sha256 or identity_of(place) != before:
            return
        self._sha256[before] = sha256
        with whole_file(self.file) as out:
            out.write(json.dumps(self._sha256, indent=0).encode())


def identity_of(place: Place) -> str | None:
    """Return a digest that tells a local file from what it was before; no inodes, which could be numbers of customers.

    None for what is no local file that can be asked, and for one that was changed so lately that another change might not
    show in its times.
    """
    if not isinstance(place, Path):
        return None
    try:
        found = place.stat()
    except OSError:
        return None
    if max(found.st_mtime_ns, found.st_ctime_ns) >= time.time_ns() - int(SETTLED_SECONDS * 1e9):
        return None
    state = (str(place.absolute()), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)
    return hashlib.sha256(repr(state).encode()).hexdigest()
