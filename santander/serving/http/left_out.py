"""Who is given nothing whatever the snapshot says: the erased and those who object, as their lists are at this moment.

On the host where ``forget`` and ``object`` run, the next request knows: whether one of the two tables has a commit after the one
that was read is asked of the file system each time. In a bucket the tables are looked at every ``poll_seconds``; while it does
not answer, what they said last holds, which lies in the state folder for a service that starts meanwhile.
"""

import json
import logging
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from santander.errors import SantanderError, telling_line
from santander.lake.lake import Lake
from santander.schema.catalogue import OBJECTIONS, SUPPRESSIONS
from santander.storage.bucket import BucketPath
from santander.storage.places import whole_file
from santander.suppression.objections import objectors
from santander.suppression.suppression_list import SuppressionList, known_list, suppression_list

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)

_TABLES = (SUPPRESSIONS, OBJECTIONS)
_FILE = "left_out.json"
"""In the state of the service, of a data folder in a bucket: the digests as they were read last."""


class _Read(NamedTuple):
    """Both lists as they were read."""

    versions: list[int | None]
    next_commits: list[str]
    """Files that are there once either table has a later commit; none in a bucket."""
    erased: SuppressionList
    left_out: SuppressionList
    """The erased and the objecting together."""


class LeftOut:
    """The erased and the objecting. Safe to be asked in one thread while another one calls ``look_again``."""

    def __init__(self, settings: "Settings") -> None:
        """Read both lists; raises InputError where they cannot be read, as without their key."""
        self._settings = settings
        self._lake: Lake | None = None
        self._now = self._read_or_known()

    def among(self, customer_ids: Iterable[int]) -> Collection[int]:
        """Return those of these customers who are given nothing, as the lists are now.

        Raises what reading raises where a list changed and cannot be read.
        """
        return self._latest().left_out.among(customer_ids)

    def erased_among(self, customer_ids: Iterable[int]) -> Collection[int]:
        """Return those of these customers who were erased."""
        return self._latest().erased.among(customer_ids)

    def _latest(self) -> _Read:
        for file in self._now.next_commits:
            if os.access(file, os.F_OK):
                self._now = self._read(self._opened())
                break
        return self._now

    def look_again(self) -> None:
        """Read the lists anew where they have another version than the one that was read, as after a folder was replaced."""
        if self._is_away():
            return
        try:
            lake = self._opened()
            if self._versions(lake) != self._now.versions:
                self._now = self._read(lake)
        except (SantanderError, OSError):
            if not self._is_away():  # else it went away meanwhile
                raise

    def _read_or_known(self) -> _Read:
        """Read both lists; of a bucket that does not answer, return what it said last, where that is known."""
        if (known := self._known()) is not None and self._is_away():
            versions, lists = known
            return self._made_of(versions, [known_list(self._settings, digests) for digests in lists])
        return self._read(self._opened())

    def _is_away(self) -> bool:
        """Whether the tables are in a bucket that does not answer."""
        return isinstance(self._settings.data, BucketPath) and not self._settings.data.answers()

    def _known(self) -> tuple[list[int | None], list[list[str]]] | None:
        """Return versions and digests as they were read last from a bucket; None where that is not known."""
        try:
            known = json.loads(self._file().read_bytes())
            return known["versions"], known["lists"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _remember(self, versions: list[int | None], lists: list[SuppressionList]) -> None:
        known = {"versions": versions, "lists": [sorted(listed.digests) for listed in lists]}
        try:
            with whole_file(self._file()) as out:
                os.fchmod(out.fileno(), 0o600)
                out.write(json.dumps(known).encode())
        except OSError as error:
            log.warning("who objects or was erased is not kept for a start without the bucket: %s", telling_line(error))

    def _opened(self) -> Lake:
        if self._lake is None:  # only now, as it looks for its bucket
            self._lake = Lake(self._settings)
        return self._lake

    @staticmethod
    def _versions(lake: Lake) -> list[int | None]:
        return [lake.version(table) for table in _TABLES]

    def _file(self) -> Path:
        return self._settings.state / "serving" / _FILE

    def _read(self, lake: Lake) -> _Read:
        versions = self._versions(lake)  # before the rows: what is committed meanwhile is read once more
        lists = [suppression_list(self._settings, lake), objectors(self._settings, lake)]
        if isinstance(self._settings.data, BucketPath):
            self._remember(versions, lists)
        return self._made_of(versions, lists)

    def _made_of(self, versions: list[int | None], lists: list[SuppressionList]) -> _Read:
        key = next((listed.key for listed in lists if listed.key is not None), None)
        folder = self._settings.data / "lake"
        next_commits = [
            str(folder / table.name / "_delta_log" / f"{0 if version is None else version + 1:020d}.json")
            for table, version in zip(_TABLES, versions, strict=True)
            if isinstance(folder, Path)
        ]
        left_out = SuppressionList(frozenset().union(*(listed.digests for listed in lists)), key)
        return _Read(versions, next_commits, lists[0], left_out)
