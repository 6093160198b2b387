"""Which recorded trainings are of this registry: versions of another one have the same numbers."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from santander.registry.local_registry import StoredVersion
from santander.registry.versions import registered

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.ledger.step_ledger import StepRun
    from santander.training.trained import TrainResult

log = logging.getLogger("santander.run")

_CLOCKS_DIFFER_SECONDS = 300.0
"""By how much the clock of a tracking server may differ from ours."""


def training_here(settings: "Settings", runs: "Sequence[StepRun[TrainResult]]") -> "StepRun[TrainResult] | None":
    """The first of these trainings whose version is in the registry of the settings; None, which is said, where none is."""
    if not runs:
        return None
    found = registered(settings)
    for run in runs:
        if _is_of(found, run):
            return run
    last = runs[0].result
    log.info("train: version %s, trained for %s before, is not in this registry: training anew", last.version, runs[0].month)
    return None


def _is_of(found: Mapping[int, StoredVersion], run: "StepRun[TrainResult]") -> bool:
    """Whether the version of a training is among those found, made by the run that the training names.

    Trainings recorded by earlier releases name none: theirs is the version of that number that was registered for that month
    while they ran.
    """
    version = None if run.result.version is None else found.get(run.result.version)
    if version is None:
        return False
    if run.result.run_id is not None:
        return version.run_id == run.result.run_id
    ended = run.finished_at.timestamp()
    began = ended - run.seconds
    return (
        version.target == run.month and began - _CLOCKS_DIFFER_SECONDS <= version.registered_at <= ended + _CLOCKS_DIFFER_SECONDS
    )
