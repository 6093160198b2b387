"""A hash of what is saved: two models, or two sets of chances, with the same one are the same."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory


def fingerprint_of(save: Callable[[Path], None], kind: str = "", telling: Callable[[Path], bytes] = Path.read_bytes) -> str:
    """Return a hash of the files that ``save`` writes to a folder, and of ``kind``; ``telling`` returns what of a file counts."""
    with TemporaryDirectory(prefix="santander-") as scratch:
        folder = Path(scratch)
        save(folder)
        digest = hashlib.sha256(kind.encode())
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(file.relative_to(folder).as_posix().encode() + telling(file))
    return digest.hexdigest()
