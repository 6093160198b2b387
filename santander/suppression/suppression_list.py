"""Lists of persons as keyed hashes of their ids: who was erased and must not come back, in the table ``suppressions``.

Who objects to marketing is on another one, made with the same key (objections.py).

The key is what keeps the list from being read by hashing every number there is, so it lies with the state and not with the
data: ``<state>/suppression.key``, readable by its owner alone, or the variable SANTANDER_SUPPRESSION_KEY.
"""

import hmac
import os
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import InputError
from santander.schema.catalogue import OBJECTIONS, SUPPRESSIONS
from santander.schema.counting import counted
from santander.suppression.keyed_hash import KeyedHash

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
        """Return those of the customers who are on the list."""
        if self._hash is None or not self._hashes:
            return set()
        hashed, hashes = self._hash.of, self._hashes
        return {customer_id for customer_id in customer_ids if hashed(str(customer_id).encode()) in hashes}

    @cached_property
    def _hashes(self) -> frozenset[bytes]:
        return frozenset(bytes.fromhex(digest.rpartition(":")[2]) for digest in self.digests)

    @cached_property
    def _hash(self) -> KeyedHash | None:
        return None if self.key is None else KeyedHash(self.key)


def suppression_list(settings: "Settings", lake: "Lake", *, make_key: bool = False) -> SuppressionList:
    """The list as it is; with ``make_key`` a first key is made where nobody was erased yet.

    Raises InputError when there are digests and their key is missing or another one: an ingest would bring everybody back.
    """
    return keyed_list(settings, lake, (row["digest"] for row in lake.rows(SUPPRESSIONS)), make_key=make_key)


def known_list(settings: "Settings", digests: Iterable[str]) -> SuppressionList:
    """Return the list with these digests, which were read before, and its key; raises InputError as ``keyed_list`` does."""
    listed = frozenset(digests)
    key = _key(_key_file(settings))
    _check(settings, listed, key, ("customer objects or was erased", "customers object or were erased"))
    return SuppressionList(listed, key)


def keyed_list(settings: "Settings", lake: "Lake", digests: Iterable[str], *, make_key: bool) -> SuppressionList:
    """Return the list with these digests and its key.

    With ``make_key`` a first key is made where neither list has a digest; both must have been made with the one there is then.
    """
    listed = frozenset(digests)
    file = _key_file(settings)
    key = _key(file)
    others = (row["digest"] for table in (SUPPRESSIONS, OBJECTIONS) for row in lake.rows(table)) if make_key else ()
    if not (held := listed.union(others)):
        return SuppressionList(listed, key or (_make(file) if make_key else None))
    did = ("customer objects", "customers object")
    if key is None and (erased := listed.intersection(row["digest"] for row in lake.rows(SUPPRESSIONS))):
        held, did = erased, ("customer was erased", "customers were erased")
    _check(settings, held, key, did)
    return SuppressionList(listed, key)


def _check(settings: "Settings", held: Collection[str], key: bytes | None, did: tuple[str, str]) -> None:
    """Raise InputError unless these digests were made with this key; ``did``: why one customer is listed, and why several are."""
    remedy = f"put back {_key_file(settings)}, or set {VARIABLE}"
    if held and key is None:
        raise InputError(f"{counted(len(held), *did)} and the key of that list is missing", hint=remedy)
    if key is not None and any(digest.partition(":")[0] != _mark(key) for digest in held):
        raise InputError("the key of the list of erased and objecting customers is not the one it was made with", hint=remedy)


def _key_file(settings: "Settings") -> Path:
    return settings.state / "suppression.key"


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
