"""What a study found: its trials, the best of them against the recipe as it is, and the recipe to make of it."""

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from santander.schema.months import Month
from santander.training.recipe import Fits, Recipe
from santander.tune.pruning import RECIPE
from santander.tune.sampling import values_of
from santander.tune.space import Space
from santander.tune.study import AS_IS, FAILURE, KILLED, RESULT, Study
from santander.tune.variant import variant_of

CANDIDATE_FITS = Fits(rounds=False, judged=True, promoted=True)
"""The fits of the best trial's recipe, whose rounds are those that the trial found."""


@dataclass(frozen=True)
class TrialCounts:
    """Number of trials by how they ended."""

    complete: int
    pruned: int
    failed: int
    killed: int

    def in_words(self) -> str:
        """States that trials ended in, each with its number; empty where none ended."""
        return ", ".join(f"{number} {state}" for state, number in asdict(self).items() if number)


@dataclass(frozen=True)
class Tried:
    """One trial of a study, as JSON shows it; figures are None for a trial that did not end."""

    trial: int
    state: str
    """complete, pruned, failed, killed, running or waiting."""
    recipe: str
    as_is: bool
    """Whether it is the recipe as it is."""
    map7: float | None
    share_of_ceiling: float | None
    rounds: int | None
    seconds: float | None
    failure: str
    settings: Mapping[str, Any]
    """The value of each thing that varies, by its path in the recipe."""
    found: Mapping[str, Any]
    """Settings that the fit itself settled."""

    @classmethod
    def of(cls, trial: FrozenTrial, space: Space) -> "Tried":
        """Return a trial of the store."""
        notes = trial.user_attrs
        reached = notes.get(RESULT, {})
        state = trial.state.name.lower()
        if trial.state is TrialState.FAIL:
            state = "killed" if notes.get(KILLED) else "failed"
        return cls(
            trial=trial.number,
            state=state,
            recipe=trial.params.get(RECIPE) or notes.get(AS_IS) or "",
            as_is=AS_IS in notes,
            **{name: reached.get(name) for name in ("map7", "share_of_ceiling", "rounds", "seconds")},
            failure=str(notes.get(FAILURE, "")),
            settings=values_of(trial, space) if trial.params else {},
            found=reached.get("found", {}),
        )


@dataclass(frozen=True)
class StudyResult:
    """A study as it stands."""

    name: str
    month: Month
    """The validation month, on which trials are measured."""
    ceiling: float
    trials: tuple[Tried, ...]
    """In the order they were begun in."""

    @classmethod
    def of(cls, study: Study, space: Space, month: Month, ceiling: float) -> "StudyResult":
        """Read the trials of a study."""
        return cls(study.name, month, ceiling, tuple(Tried.of(trial, space) for trial in study.trials()))

    def in_state(self, state: str) -> list[Tried]:
        """The trials in a state."""
        return [trial for trial in self.trials if trial.state == state]

    def ranked(self) -> list[Tried]:
        """The completed trials, the highest MAP@7 first; of equals the one begun first."""
        return sorted(self.in_state("complete"), key=lambda trial: (-(trial.map7 or 0.0), trial.trial))

    @property
    def best(self) -> Tried | None:
        """The best trial; None when none was completed."""
        return next(iter(self.ranked()), None)

    @property
    def default(self) -> Tried | None:
        """The best of the recipes as they are; None when none of them was completed."""
        return next((trial for trial in self.ranked() if trial.as_is), None)

    @property
    def gain(self) -> float | None:
        """Gain of the best over the default, as a share of the default's MAP@7."""
        best, default = self.best, self.default
        return best.map7 / default.map7 - 1 if best and default and best.map7 and default.map7 else None

    def counts(self) -> TrialCounts:
        """Number of trials by how they ended."""
        return TrialCounts(**{each.name: len(self.in_state(each.name)) for each in fields(TrialCounts)})

    def comparison(self) -> str:
        """In one sentence whether the best beats the default."""
        best, default = self.best, self.default
        if best is None:
            return "no trial was completed"
        if default is None:
            return f"trial {best.trial} is the best; no recipe as it is was completed to compare it with"
        name = f"the recipe {default.recipe} as it is"
        if best.as_is or self.gain is None or self.gain <= 0:
            return f"no trial beat {name} ({default.share_of_ceiling:.4f} of the ceiling of {self.month})"
        shares = f"{best.share_of_ceiling:.4f} of the ceiling of {self.month} against {default.share_of_ceiling:.4f}"
        return f"trial {best.trial} beats {name} by {self.gain:.2%}: {shares}"

    def as_csv(self) -> str:
        """A line a trial; a column for each thing that varied."""
        shown = [each.name for each in fields(Tried) if each.name not in {"settings", "found"}]
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys([*shown, *(path for trial in self.trials for path in trial.settings)])))
        writer.writeheader()
        writer.writerows({name: getattr(trial, name) for name in shown} | {**trial.settings} for trial in self.trials)
        return text.getvalue()


def recipe_of(trial: Tried, recipes: Mapping[str, Recipe], space: Space, name: str | None) -> Recipe:
    """Return the recipe that makes the model of a trial, with the rounds that the trial found; one that won as it is stays so."""
    base = recipes[trial.recipe]
    if trial.as_is:
        return base if name is None else base.model_copy(update={"name": name})
    changed = variant_of(variant_of(base, space.recipes[base.name].fixed), trial.settings)
    settled = variant_of(changed, trial.found)
    return settled.model_copy(update={"name": name or f"{base.name}_tuned", "fits": CANDIDATE_FITS})
