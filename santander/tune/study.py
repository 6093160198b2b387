"""A study: the trials of one space on one state of the data, kept in a file below the state folder so that it can go on.

The lock of the study says that nobody else works on it, so a trial that is RUNNING at the start is dead: it is marked failed, and
what it tried is tried again. Optuna's heartbeat would say so only some time after.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.lake.lake import Lake
from santander.ledger.versions import version_of
from santander.logs.terminal import take_over
from santander.registry.tracking import check_sqlite
from santander.schema.months import Month
from santander.storage.spelling import sqlite_address
from santander.training.recipe import Recipe
from santander.tune.space import Space

log = logging.getLogger(__name__)

FILE = "tuning.db"

AS_IS, RESULT, FAILURE, KILLED = "as_is", "result", "failure", "killed"
"""What is noted of a trial: it is the recipe as it is; what it reached; why it failed; that it was stopped."""
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Identity:
    """What makes a study the same: space, recipes, target and rows."""

    space: str
    target: Month
    digest: str

    @classmethod
    def of(cls, space: Space, recipes: Mapping[str, Recipe], target: Month, rows: Mapping[str, Mapping[str, Any]]) -> "Identity":
        """``rows`` are the fingerprints of the months of each table."""
        made_of = {
            "version": version_of("tune", *(recipe.model.__module__ for recipe in recipes.values())),
            "space": space.model_dump(mode="json"),
            "recipes": {name: recipe.model_dump(mode="json") for name, recipe in recipes.items()},
            "target": str(target),
            "rows": rows,
        }
        digest = hashlib.sha256(json.dumps(made_of, sort_keys=True, default=str).encode()).hexdigest()[:10]
        return cls(space.name, target, digest)

    @property
    def family(self) -> str:
        """Return the beginning of the names of all studies of the space for the target."""
        return f"{self.space} for {self.target}, "

    def __str__(self) -> str:
        """The name of the study."""
        return f"{self.family}{self.digest}"


class Study:
    """An open study; one process works on it at a time."""

    def __init__(self, storage: RDBStorage, study: optuna.Study) -> None:
        self.optuna, self._storage = study, storage
        self._id = storage.get_study_id_from_name(study.study_name)

    @property
    def name(self) -> str:
        """Its name."""
        return self.optuna.study_name

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Its trials in these states, all without any, in the order they were begun in."""
        return self.optuna.get_trials(deepcopy=False, states=states or None)

    @property
    def finished(self) -> int:
        """Number of trials that were completed or pruned."""
        return len(self.trials(*FINISHED))

    @property
    def begun(self) -> int:
        """Number of different trials begun: one that was stopped and made again counts once."""
        return sum(t.state is not TrialState.WAITING and not t.user_attrs.get(KILLED) for t in self.trials())

    @property
    def best(self) -> FrozenTrial | None:
        """The completed trial with the highest MAP@7, the first of equals."""
        return max(self.trials(TrialState.COMPLETE), key=lambda trial: (trial.values[0], -trial.number), default=None)

    def enqueue_as_is(self, recipe: str, parameters: dict[str, Any]) -> None:
        """Let a trial of the recipe as it is come first, unless the study has one."""
        if not any(t.user_attrs.get(AS_IS) == recipe and t.state is not TrialState.FAIL for t in self.trials()):
            self.optuna.enqueue_trial(parameters, user_attrs={AS_IS: recipe})

    def note(self, number: int, **notes: Any) -> None:
        """Note something of a trial that has not ended."""
        trial = self._storage.get_trial_id_from_study_id_trial_number(self._id, number)
        for key, value in notes.items():
            self._storage.set_trial_user_attr(trial, key, value)

    def bury_the_dead(self) -> int:
        """End the trials that another run left in the middle, line up what they tried, and return how many that were."""
        dead = self.trials(TrialState.RUNNING)
        for trial in dead:
            self.note(trial.number, **{KILLED: True})
            self.optuna.tell(trial.number, state=TrialState.FAIL)
            as_is = trial.user_attrs.get(AS_IS)
            if trial.params:
                self.optuna.enqueue_trial(dict(trial.params), user_attrs={AS_IS: as_is} if as_is else None)
        return len(dead)


@contextmanager
def open_study(settings: Settings, lake: Lake, identity: Identity, pruner: optuna.pruners.BasePruner) -> Iterator[Study]:
    """The study of this identity, made on first use, for this process alone.

    Raises TableBusy while another one has it, SantanderError for a file that is no database or of another release of Optuna.
    """
    for library in ("optuna", "alembic"):
        take_over(library)
    settings.state.mkdir(parents=True, exist_ok=True)
    file = settings.state / FILE
    check_sqlite(file)
    with lake.lock(f"tuning-{identity.digest}"):
        storage = _storage(file, settings.locks.wait)
        try:
            names = optuna.get_all_study_names(storage)
            if str(identity) not in names and any(name.startswith(identity.family) for name in names):
                log.info("the rows, the recipes or the space changed since the last study of %sa new one begins", identity.family)
            made = optuna.create_study(
                study_name=str(identity), storage=storage, pruner=pruner, direction="maximize", load_if_exists=True
            )
            yield Study(storage, made)
        finally:
            storage.remove_session()
            storage.engine.dispose()


def _storage(file: Path, wait: float) -> RDBStorage:
    address = sqlite_address(file)
    try:
        return RDBStorage(address, engine_kwargs={"connect_args": {"timeout": wait}})
    except RuntimeError as error:  # what Optuna raises for another schema, and for nothing else here
        raise SantanderError(
            f"{file} is of another release of Optuna than {optuna.__version__}",
            hint="copy the file, then run "
            f"'optuna storage upgrade --storage {address}'; if a later release wrote it, move it away and the studies begin anew",
        ) from error
