"""Where the files of a step wait for their commit: those of an ingest, a build, a scored month."""

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from santander.errors import telling_line
from santander.lake.lake import Lake
from santander.lake.locks import OvertakenCommit
from santander.storage.places import Place, names_in, remove_tree


@dataclass(frozen=True, slots=True)
class Waiting:
    """A folder beside the tables, so that what is moved from it into one of them stays on the same disk or in the same bucket."""

    folder: str
    lock: str
    """Held by who uses the folder, below a local data folder."""
    table: str
    """What is made of the files."""


OF_INGEST = Waiting("_staging", "ingest", "customers")
OF_FEATURES = Waiting("_staging_features", "build", "features")
OF_ADDITIONS = Waiting("_staging_additions", "add", "additions")
OF_FAMILIES = Waiting("_staging_own_features", "own_features", "features of a user's family")
OF_EXPORT = Waiting("_staging_export", "export", "the file of corrections")
OF_SUBMISSION = Waiting("_staging_submission", "submit", "the submission")
OF_SCORES = Waiting("_staging_recommendations", "score", "recommendations")

PREVIEWS = "previews"
"""The folder of the state folder with pictures of previews of families: they name nobody, but an extreme is somebody's."""

_ID_TIME = "%Y%m%dT%H%M%S"


def new_id() -> str:
    """An id that nothing else has; it begins with the time, in UTC."""
    return f"{dt.datetime.now(dt.UTC):{_ID_TIME}}-{uuid.uuid4().hex[:8]}"


@contextmanager
def staging(lake: Lake, waiting: Waiting, name: str | None = None) -> Iterator[Place]:
    """A folder of one run of a step alone, named by ``new_id``, gone on leaving; raises TableBusy and OvertakenCommit.

    What killed runs left is removed first. In a bucket others may be at work, so only what is older than a day.
    """
    everyone = lake.place / waiting.folder
    own = everyone / (name or new_id())
    if isinstance(everyone, Path) and isinstance(own, Path):
        with lake.lock(waiting.lock):
            begins = not everyone.parent.exists()
            remove_tree(everyone)
            own.mkdir(parents=True)
            try:
                yield own
            except Exception as error:
                if own.exists():
                    raise
                # removed by a run that goes by other locks, which took it for what a killed one left
                raise OvertakenCommit(waiting.table, telling_line(error)) from error
            finally:
                remove_tree(everyone)
                if begins:
                    with suppress(OSError):  # it holds tables now
                        everyone.parent.rmdir()
        return
    a_day_ago = f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=1):{_ID_TIME}}"
    for left in names_in(everyone):
        if left < a_day_ago:
            remove_tree(everyone / left)
    try:
        yield own
    finally:
        remove_tree(own)
