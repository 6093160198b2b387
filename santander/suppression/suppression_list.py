"""Who was erased and must not come back: keyed hashes of their ids, in the table ``suppressions``.

The key is what keeps the list from being read by hashing every number there is, so it lies with the state and not with the
data: ``<state>/suppression.key``, readable by its owner alone, or the variable SANTANDER_SUPPRESSION_KEY.
"""

import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import InputError
from santander.schema.catalogue import SUPPRESSIONS
from santander.schema.counting import counted

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake

VARIABLE = "SANTANDER_SUPPRESSION_KEY"
_SHORTEST_KEY = 32
_MARK_LENGTH = 8


@dataclass(frozen=True)
class SuppressionList:
    """The digests there are, and the key they were made with (None: there are none, and no key)."""

    digests: frozenset[str]
    key: bytes | None

    def __bool__(self) -> bool:
        return bool(self.digests)

    def digest(self, customer_id: int) -> str:
        """The mark of the key, a colon, the keyed hash of the id; raises RuntimeError without a key."""
        if self.key is None:
            raise RuntimeError("a suppression list without a key hashes nothing")
        return f"{_mark(self.key)}:{hmac.digest(self.key, str(customer_id).encode(), 'sha256').hex()}"

    def among(self, customer_ids: Iterable[int]) -> set[int]:
        """Return the erased among the customers."""
        return {each for each in customer_ids if self.digest(each) in self.digests} if self else set()


def suppression_list(settings: "Settings", lake: "Lake", *, make_key: bool = False) -> SuppressionList:
    """The list as it is; with ``make_key`` a first key is made where nobody was erased yet.

    Raises InputError when there are digests and their key is missing or another one: an ingest would bring everybody back.
    """
    digests = frozenset(row["digest"] for row in lake.rows(SUPPRESSIONS))
    file = settings.state / "suppression.key"
    key = _key(file)
    if not digests:
        return SuppressionList(digests, key or (_make(file) if make_key else None))
    remedy = f"put back {file}, or set {VARIABLE}"
    if key is None:
        raise InputError(
            f"{counted(len(digests), 'customer was', 'customers were')} erased and the key of that list is missing", hint=remedy
        )
    if any(digest.partition(":")[0] != _mark(key) for digest in digests):
        raise InputError("the key of the list of erased customers is not the one it was made with", hint=remedy)
    return SuppressionList(digests, key)


def _key(file: Path) -> bytes | None:
    text = os.environ.get(VARIABLE) or (file.read_text().strip() if file.is_file() else "")
    if text and len(text) < _SHORTEST_KEY:
        raise InputError(
            f"{VARIABLE}: a key has at least {_SHORTEST_KEY} characters", hint="give it the key that the list was made with"
        )
    return text.encode() or None


def _make(file: Path) -> bytes:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = secrets.token_hex(32)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text + "\n")
    return text.encode()


def _mark(key: bytes) -> str:
    """A few characters by which one key is told from another; they say nothing of the key."""
    return hmac.digest(key, b"which key", "sha256").hex()[:_MARK_LENGTH]
