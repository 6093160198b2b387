"""Searches over a toy bank, without an engine: what a trial needs is rows in the driver, a study and MLflow.

As a script it searches a study until it is killed: see ``test_resuming.py``.
"""

import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from santander.config.conf_files import conf_dir
from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.models.month_weight import ALIKE
from santander.models.progress import Progress
from santander.models.training_set import TrainingSet
from santander.schema.months import Month
from santander.tune.progress import Announce
from santander.tune.pruning import MedianOfRecipe
from santander.tune.result import StudyResult, Tried
from santander.tune.runs import runs_of
from santander.tune.search import Search
from santander.tune.space import Space, competing
from santander.tune.study import Identity, Study, open_study
from santander.tune.trial_data import Measured, TrialData, months_of_trials
from tests.registry.two_holders import month_of_buyers

TARGET = Month(2016, 5)
GATE, VALIDATION = TARGET - 1, TARGET - 2
LABELLED = [Month(2016, 1) + step for step in range(4)]
SEEING, BLIND = ["profile", "lag_1_bits"], ["profile"]
"""Columns that tell the two kinds of customers apart, and columns that do not."""

SMALL = {
    "kind": "xgboost",
    "months": [{"from": 1, "to": 2}],
    "fits": {"rounds": False, "judged": True, "promoted": True},
    "settings": {"columns": SEEING, "rounds": 12, "max_depth": 2, "eta": 0.5, "early_stopping_rounds": 12},
}
COUNTED = {**SMALL, "kind": "popularity", "settings": {"min_group": 50}}
SPACES: dict[str, Any] = {
    "small": {"small": {"settings": {"eta": {"low": 0.1, "high": 1.0, "log": True}, "max_depth": {"low": 1, "high": 4}}}},
    "columns": {"small": {"settings": {"columns": {"choices": [SEEING, BLIND]}}}},
    "kinds": {
        "small": {
            "fixed": {"rounds": 8},
            "settings": {"max_depth": {"low": 1, "high": 2}, "columns": {"choices": [SEEING, BLIND]}},
            "months": {1: {"low": 0.5, "high": 2.0, "step": 0.5}},
        },
        "counted": {"settings": {"min_group": {"low": 10, "high": 500, "log": True}}},
    },
}


def write_conf(folder: Path) -> Path:
    """The shipped settings with the small recipes and spaces of this world; for SANTANDER_CONF_DIR."""
    import shutil

    shutil.copytree(conf_dir() / "base", folder / "base")
    for name, recipe in {"small": SMALL, "counted": COUNTED}.items():
        (folder / "base" / "recipes" / f"{name}.yaml").write_text(yaml.safe_dump(recipe))
    for name, recipes in SPACES.items():
        (folder / "base" / "spaces" / f"{name}.yaml").write_text(yaml.safe_dump({"recipes": recipes}))
    return folder


def rows_of(months: Iterable[Month]) -> TrainingSet:
    """The same habits in every month."""
    parts = [month_of_buyers(month) for month in months]
    return TrainingSet(
        pa.concat_tables(part.buyers for part in parts),
        pa.concat_tables(part.population for part in parts),
        {month: ALIKE for part in parts for month in part.months},
    )


class SlowData(TrialData):
    """Takes its time for every trial, so that somebody can come in between."""

    def measure(self, recipe: Any, progress: Progress) -> Measured:
        time.sleep(0.3)
        return super().measure(recipe, progress)


@dataclass
class World:
    """One state folder; searches on one study of it go on where the last one stopped."""

    settings: Settings
    space: str = "small"
    rows: Mapping[str, Mapping[str, Any]] | None = None

    @contextmanager
    def study(self) -> Iterator[tuple[Space, dict[str, Any], Study]]:
        space = Space.load(self.space)
        recipes = competing(space)
        identity = Identity.of(space, recipes, TARGET, self.rows or {})
        pruner = MedianOfRecipe(self.settings.tuning.startup_trials, self.settings.tuning.tolerance)
        with open_study(self.settings, Lake(self.settings), identity, pruner) as study:
            yield space, recipes, study

    def search(
        self, trials: int, sampler: str = "tpe", *, parallel: int = 1, seed: int = 1, warmup_rounds: int = 2,
        timeout: float = float("inf"), data: type[TrialData] = TrialData, announce: Announce | None = None,
    ) -> StudyResult:  # fmt: skip
        """Make the trials that are missing, as ``tune`` does, and return all there are."""
        with self.study() as (space, recipes, study):
            study.bury_the_dead()
            months = months_of_trials(recipes.values(), TARGET, LABELLED)
            here = data.of(TARGET, LABELLED, rows_of(months)).with_threads(1)
            asked = {"sampler": sampler, "seed": seed, "warmup_rounds": warmup_rounds}
            rule, deadline = self.settings.tuning.model_copy(update=asked), time.monotonic() + timeout
            with runs_of(self.settings, Lake(self.settings), study, space, {"target": str(TARGET)}) as runs:
                Search(study, space, recipes, here, runs, rule, trials, deadline, parallel, announce or Announce()).run()
            return StudyResult.of(study, space, here.judged.month, here.judged.ceiling)


def tried(result: StudyResult) -> list[tuple[Any, ...]]:
    """What the trials tried and what came of it, without clocks."""
    return [(t.state, t.recipe, dict(t.settings), t.map7) for t in finished(result)]


def finished(result: StudyResult) -> list[Tried]:
    """The completed and pruned trials in the order they were begun in."""
    return [trial for trial in result.trials if trial.state in {"complete", "pruned"}]


if __name__ == "__main__":
    threading.Thread(target=lambda: (time.sleep(120), sys.exit("not killed")), daemon=True).start()
    World(Settings.load(), sys.argv[1]).search(int(sys.argv[2]), parallel=int(sys.argv[3]), data=SlowData)
