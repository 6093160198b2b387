"""The snapshot that a worker answers from: taken in while requests go on, and kept where a new one is broken."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import InputError, SantanderError, telling_line
from santander.lake.locks import write_lock
from santander.ledger.published import Published, current_file, known_published, name_published, published, serving_folder
from santander.serving.http.lists import RenderedLists
from santander.serving.snapshot.folders import copies, local_folder, months_in
from santander.serving.snapshot.reading import open_snapshot
from santander.storage.bucket import BucketPath

if TYPE_CHECKING:
    from collections.abc import Callable

    from santander.config.settings import Settings
    from santander.serving.metrics import Outcome
    from santander.serving.snapshot.reading import Snapshot

log = logging.getLogger(__name__)


class CurrentLists:
    """The lists that are served. ``look_again`` is for one thread at a time; ``lists`` is replaced as a whole."""

    def __init__(self, settings: "Settings") -> None:
        """Open what is published, an earlier month where that is broken.

        Raises InputError where nothing is published, SantanderError where nothing can be opened.
        """
        self._settings = settings
        self._seen: Published | None = None
        """What was opened last as it was named; None where an earlier month is served in its place."""
        self._trouble: str | None = None
        self._is_away = False
        """Whether the bucket did not answer when it was asked last."""
        self.reloaded: Callable[[Outcome], None] = lambda _outcome: None
        """Told of each snapshot that is taken in or refused."""
        named = self._published()
        try:
            self.lists = self._opened(named)
            self._seen = named
        except (SantanderError, OSError, ValueError) as error:
            self.lists = self._earlier(named, error)
            self._refuse(error)

    def look_again(self) -> bool:
        """Take in what was published since, and return whether anything was; what is broken is said, once, and not served."""
        try:
            named = self._published()
            if named == self._seen:
                return False
            self.lists = self._opened(named)
        except (SantanderError, OSError, ValueError) as error:
            self._refuse(error)
            return False
        self._seen, self._trouble = named, None
        self.reloaded("taken")
        return True

    def _refuse(self, error: Exception) -> None:
        """Say, once, why what is published is not served."""
        if (trouble := telling_line(error)) != self._trouble:
            log.error("snapshot refused, %s is served: %s", self.lists.snapshot.month, trouble)
            self.reloaded("refused")
        self._trouble = trouble

    def _earlier(self, named: Published, error: Exception) -> RenderedLists:
        """Return the lists of the latest other month that can be opened; raises the error where none can."""
        place = serving_folder(self._settings.data)
        folder = place if isinstance(place, Path) else copies(self._settings)
        for month in reversed(months_in(folder)):
            if month != named.month:
                with suppress(SantanderError, OSError, ValueError):
                    return RenderedLists(open_snapshot(folder / str(month)))
        raise error

    def _published(self) -> Published:
        """Return which snapshot is to be served; of a bucket that does not answer, the one that was copied last."""
        data = self._settings.data
        if isinstance(data, BucketPath) and (copied := known_published(copies(self._settings))) is not None:
            is_away = not data.answers()
            if is_away and not self._is_away:
                log.warning("the bucket does not answer: the copy of %s is served", copied.month)
            elif self._is_away and not is_away:
                log.info("the bucket answers again")
            self._is_away = is_away
            if is_away:
                return copied
        named = published(data)
        if named is None:
            raise InputError("nothing is published to serve", file=current_file(data), hint="'santander publish' writes a month")
        return named

    def _opened(self, named: Published) -> RenderedLists:
        settings = self._settings
        if not isinstance(settings.data, BucketPath):
            return RenderedLists(open_snapshot(local_folder(settings, named)))
        if (copy := self._copied(named)) is None:
            with write_lock(settings.state / "locks", "snapshot-copy", settings.locks.wait):
                if (copy := self._copied(named)) is None:
                    folder = local_folder(settings, named)
                    name_published(copies(settings), named)
                    copy = open_snapshot(folder, verify=False)  # each file was held against the manifest when it came
        return RenderedLists(copy)

    def _copied(self, named: Published) -> "Snapshot | None":
        """Return the copy of a snapshot in a bucket; None where there is none, or not a whole one."""
        place = copies(self._settings)
        if known_published(place) == named:
            with suppress(SantanderError, OSError):
                snapshot = open_snapshot(place / str(named.month))
                return snapshot if snapshot.digest == named.manifest else None
        return None
