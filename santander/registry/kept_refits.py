"""Refits of champions in the state folder, each a packed candidate in a folder named by gate month and what it was made from.

They are no versions of the registered model and hold no examples of input. What was made from other rows has another name and is
never found again; ``maintain`` removes what is older than the retention, ``forget`` everything, as models remember persons.
"""

import logging
import shutil
import time
import uuid
from pathlib import Path

from santander.registry.packing import pack, unpack
from santander.registry.undecided import in_one_line
from santander.schema.months import Month
from santander.training.candidate import Candidate, Fit
from santander.training.plan import FitName
from santander.training.recipe import Recipe

log = logging.getLogger(__name__)

_DAY = 86_400


class KeptRefits:
    """The refits kept below a state folder."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "refits"

    def find(self, key: str) -> Fit | None:
        """The fit kept under a key; None where there is none, or one that cannot be read, which is removed."""
        folder = self._folder / key
        if not folder.is_dir():
            return None
        try:
            return unpack(folder).fits[FitName.JUDGED]
        except Exception as error:  # noqa: BLE001  (it is made anew whatever is wrong with its files, and that is said)
            log.warning("a refit kept before cannot be read and is made anew: %s", in_one_line(error))
            shutil.rmtree(folder, ignore_errors=True)
            return None

    def keep(self, key: str, recipe: Recipe, month: Month, fit: Fit) -> None:
        """Keep a fit that predicts this month; it is there whole or not at all."""
        scratch = self._folder / f".{key}-{uuid.uuid4().hex[:8]}"
        try:
            pack(Candidate(recipe, month + 1, {FitName.JUDGED: fit}), scratch)
            if not (self._folder / key).exists():
                scratch.rename(self._folder / key)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def remove(self, older_than_days: float = 0, *, dry_run: bool = False) -> int:
        """Remove what was kept so many days ago or earlier, and what killed runs left of that age; returns how many folders."""
        if not self._folder.is_dir():
            return 0
        latest = time.time() - older_than_days * _DAY
        doomed = [folder for folder in self._folder.iterdir() if folder.stat().st_mtime <= latest]
        for folder in doomed if not dry_run else ():
            shutil.rmtree(folder)
        return len(doomed)
