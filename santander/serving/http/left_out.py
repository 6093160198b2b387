"""Who is given nothing whatever the snapshot says: the erased and those who object, as their lists are at this moment.

On the host where ``forget`` and ``object`` run, the next request knows: whether one of the two tables has a commit after the one
that was read is asked of the file system each time. In a bucket the tables are looked at every ``poll_seconds``.
"""

import hmac
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from santander.lake.lake import Lake
from santander.schema.catalogue import OBJECTIONS, SUPPRESSIONS
from santander.suppression.objections import objectors
from santander.suppression.suppression_list import SuppressionList, suppression_list

if TYPE_CHECKING:
    from santander.config.settings import Settings

_TABLES = (SUPPRESSIONS, OBJECTIONS)


class _Read(NamedTuple):
    """Both lists as they were read."""

    versions: list[int | None]
    next_commits: list[str]
    """Files that are there once either table has a later commit; none in a bucket."""
    erased: SuppressionList
    digests: frozenset[bytes]
    keyed: "hmac.HMAC | None"


class LeftOut:
    """The erased and the objecting. Safe to be asked in one thread while another one calls ``look_again``."""

    def __init__(self, settings: "Settings") -> None:
        """Read both lists; raises InputError where they cannot be read, as without their key."""
        self._settings = settings
        self._lake = Lake(settings)
        self._now = self._read()

    def has(self, customer_id: int) -> bool:
        """Whether this customer is given nothing. Raises what reading raises where a list changed and cannot be read."""
        now = self._latest()
        if not now.digests or now.keyed is None:
            return False
        hashed = now.keyed.copy()
        hashed.update(b"%d" % customer_id)
        return hashed.digest() in now.digests

    def erased_among(self, customer_ids: Iterable[int]) -> Collection[int]:
        """Return those of these customers who were erased."""
        return self._latest().erased.among(customer_ids)

    def _latest(self) -> _Read:
        for file in self._now.next_commits:
            if os.access(file, os.F_OK):
                self._now = self._read()
                break
        return self._now

    def look_again(self) -> None:
        """Read the lists anew where they have another version than the one that was read, as after a folder was replaced."""
        if self._versions() != self._now.versions:
            self._now = self._read()

    def _versions(self) -> list[int | None]:
        return [self._lake.version(table) for table in _TABLES]

    def _read(self) -> _Read:
        versions = self._versions()  # before the rows: what is committed meanwhile is read once more
        lists = [suppression_list(self._settings, self._lake), objectors(self._settings, self._lake)]
        digests = frozenset(bytes.fromhex(digest.rpartition(":")[2]) for listed in lists for digest in listed.digests)
        key = next((listed.key for listed in lists if listed.key is not None), None)
        folder = self._lake.place
        next_commits = [
            str(folder / table.name / "_delta_log" / f"{0 if version is None else version + 1:020d}.json")
            for table, version in zip(_TABLES, versions, strict=True)
            if isinstance(folder, Path)
        ]
        return _Read(versions, next_commits, lists[0], digests, None if key is None else hmac.new(key, digestmod="sha256"))
