"""Where the files of a step wait for their commit: those of a build, and the lists of a scored month."""

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from santander.lake import Lake
from santander.storage import Place, names_in, remove_tree

FOLDER = "_staging_features"
"""Beside the tables: what is moved from here into one of them stays on the same disk or in the same bucket."""

LOCK = "build"
_ID_TIME = "%Y%m%dT%H%M%S"


@contextmanager
def staging(lake: Lake, folder: str = FOLDER, lock: str = LOCK) -> Iterator[Place]:
    """A folder of one build alone, below the step's ``folder`` beside the tables, gone on leaving; raises TableBusy.

    What killed builds left is removed first. In a bucket others may be at work, so only what is older than a day.
    """
    everyone = lake.place / folder
    own = everyone / f"{dt.datetime.now(dt.UTC):{_ID_TIME}}-{uuid.uuid4().hex[:8]}"
    if isinstance(everyone, Path):
        with lake.lock(lock):
            remove_tree(everyone)
            try:
                yield own
            finally:
                remove_tree(everyone)
        return
    a_day_ago = f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=1):{_ID_TIME}}"
    for name in names_in(everyone):
        if name < a_day_ago:
            remove_tree(everyone / name)
    try:
        yield own
    finally:
        remove_tree(own)
