"""Keys of callers of the service: by name, with what each may do, kept as hashes in ``<state>/serving/keys.json``.

A key is random bits, so a plain hash of it tells nothing of it; the key itself is shown once, when it is made.
"""

import datetime as dt
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import InputError, SantanderError, did_you_mean
from santander.lake.locks import write_lock
from santander.storage.places import whole_file

if TYPE_CHECKING:
    from santander.config.settings import Settings

PREFIX = "santander_"
"""What a key begins with, so that scanners of logs and repositories recognise one."""
_RANDOM_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Scope(StrEnum):
    """What a key may be used for."""

    READ = "read"
    SCORE = "score"
    UPLOAD = "upload"
    ADMIN = "admin"
    """Everything."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its name; ``digest`` is the SHA-256 of it."""

    name: str
    scopes: tuple[Scope, ...]
    digest: str
    made_at: str

    def may(self, scope: Scope) -> bool:
        """Whether the key may be used for this."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def keys_file(settings: "Settings") -> Path:
    """Return where the hashes lie."""
    return settings.state / "serving" / "keys.json"


def read_keys(file: Path) -> dict[str, Key]:
    """Return the keys by their digests; none where there is no file. Raises SantanderError for a file that is none of keys."""
    try:
        stored = json.loads(file.read_bytes())
        found = [
            Key(each["name"], tuple(Scope(scope) for scope in each["scopes"]), each["digest"], each["made_at"]) for each in stored
        ]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        remedy = "put back a copy of it, or remove it and make the keys anew"
        raise SantanderError(f"{file} is not a file of keys", file=file, hint=remedy) from None
    return {key.digest: key for key in found}


def add_key(settings: "Settings", name: str, scopes: Sequence[Scope]) -> tuple[Key, str]:
    """Make a key and return it with its text, which nothing keeps. Raises InputError for a name that cannot be or is taken."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of a key",
            example=name,
            hint="take letters, digits, '.', '_', '-', such as branch-app",
        )
    text = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    made_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    key = Key(name, tuple(sorted(set(scopes), key=list(Scope).index)), digest_of(text.encode()), made_at)
    with _changing(settings) as keys:
        if any(each.name == name for each in keys.values()):
            raise InputError(f"there is a key {name!r} already", example=name, hint=f"'santander keys remove {name}' removes it")
        keys[key.digest] = key
    return key, text


def remove_key(settings: "Settings", name: str) -> Key:
    """Remove a key, which opens nothing from the next request on, and return it. Raises InputError for an unknown one."""
    with _changing(settings) as keys:
        for digest, key in keys.items():
            if key.name == name:
                return keys.pop(digest)
        raise InputError(f"there is no key {name!r}", example=name, hint=did_you_mean(name, (key.name for key in keys.values())))


def digest_of(key: bytes) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key).hexdigest()


@contextmanager
def _changing(settings: "Settings") -> Iterator[dict[str, Key]]:
    """Give the keys to be changed, by one command at a time, and store them when the block ends well."""
    file = keys_file(settings)
    with write_lock(settings.state / "locks", "keys", settings.locks.wait):
        keys = read_keys(file)
        yield keys
        with whole_file(file) as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(json.dumps([asdict(key) for key in keys.values()], indent=1).encode())


class KeyRing:
    """The keys as a worker looks at them for each request: read again when the file is another one."""

    def __init__(self, file: Path) -> None:
        """Read the keys; raises SantanderError as ``read_keys`` does."""
        self._file = file
        self._seen = self._look()
        self._keys: Mapping[str, Key] = read_keys(file)

    def __bool__(self) -> bool:
        return bool(self._now())

    def holder(self, key: bytes) -> Key | None:
        """Return the key of this text; None for one that is unknown or was removed."""
        return self._now().get(digest_of(key))

    def _now(self) -> Mapping[str, Key]:
        if (seen := self._look()) != self._seen:
            try:
                self._keys, self._seen = read_keys(self._file), seen
            except (SantanderError, OSError):
                return {}  # a file that nobody can read lets nobody in
        return self._keys

    def _look(self) -> tuple[int, int] | None:
        if not os.access(self._file, os.F_OK):  # asked first, as an exception costs more than another call
            return None
        try:
            found = os.stat(self._file)  # noqa: PTH116  (a microsecond less than Path's, for each request)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino
