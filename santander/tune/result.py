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
from santander.tune.variant import Variant, variant_of


@dataclass(frozen=True)
class TrialFigures:
    """What a trial reached and by what, as JSON shows it; None for a trial that did not end."""

    trial: int
    recipe: str
    as_is: bool
    """Whether it is the recipe as it is."""
    settings: Mapping[str, Any]
    """The value of each thing that varies, by its path in the recipe."""
    map7: float | None
    share_of_ceiling: float | None
    rounds: int | None
    seconds: float | None


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
    """One trial of a study."""

    number: int
    state: str
    """complete, pruned, failed, killed, running or waiting."""
    variant: Variant
    as_is: bool
    map7: float | None
    share_of_ceiling: float | None
    rounds: int | None
    seconds: float | None
    found: Mapping[str, Any]
    failure: str

    @classmethod
    def of(cls, trial: FrozenTrial, space: Space) -> "Tried":
        """A trial of the store."""
        reached = trial.user_attrs.get(RESULT, {})
        recipe = trial.params.get(RECIPE) or trial.user_attrs.get(AS_IS) or ""
        state = {TrialState.FAIL: "killed" if trial.user_attrs.get(KILLED) else "failed"}.get(
            trial.state, trial.state.name.lower()
        )
        return cls(
            number=trial.number,
            state=state,
            variant=Variant(recipe, values_of(trial, space) if trial.params else {}),
            as_is=AS_IS in trial.user_attrs,
            map7=reached.get("map7"),
            share_of_ceiling=reached.get("share_of_ceiling"),
            rounds=reached.get("rounds"),
            seconds=reached.get("seconds"),
            found=reached.get("found", {}),
            failure=str(trial.user_attrs.get(FAILURE, "")),
        )

    def figures(self) -> TrialFigures:
        """What it reached and by what."""
        return TrialFigures(
            trial=self.number,
            recipe=self.variant.recipe,
            as_is=self.as_is,
            settings=self.variant.values,
            map7=self.map7,
            share_of_ceiling=self.share_of_ceiling,
            rounds=self.rounds,
            seconds=self.seconds,
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

    @property
    def best(self) -> Tried | None:
        """The trial with the highest MAP@7, the first of equals; None when none was completed."""
        return max(self.in_state("complete"), key=lambda trial: (trial.map7 or 0.0, -trial.number), default=None)

    @property
    def default(self) -> Tried | None:
        """The best of the recipes as they are; None when none of them was completed."""
        as_is = [trial for trial in self.in_state("complete") if trial.as_is]
        return max(as_is, key=lambda trial: (trial.map7 or 0.0, -trial.number), default=None)

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
            return f"trial {best.number} is the best; no recipe as it is was completed to compare it with"
        name = f"the recipe {default.variant.recipe} as it is"
        if best.as_is or self.gain is None or self.gain <= 0:
            return f"no trial beat {name} ({default.share_of_ceiling:.4f} of the ceiling of {self.month})"
        shares = f"{best.share_of_ceiling:.4f} of the ceiling of {self.month} against {default.share_of_ceiling:.4f}"
        return f"trial {best.number} beats {name} by {self.gain:.2%}: {shares}"

    def as_csv(self) -> str:
        """A line a trial; a column for each thing that varied."""
        paths = list(dict.fromkeys(path for trial in self.trials for path in trial.variant.values))
        own = ("trial", "state", "recipe", "as_is", "map7", "share_of_ceiling", "rounds", "seconds", "failure")
        text = io.StringIO()
        writer = csv.DictWriter(text, [*own, *paths])
        writer.writeheader()
        for trial in self.trials:
            figures = {name: value for name, value in asdict(trial.figures()).items() if name != "settings"}
            writer.writerow({**figures, "state": trial.state, "failure": trial.failure, **trial.variant.values})
        return text.getvalue()


def recipe_of(trial: Tried, recipes: Mapping[str, Recipe], space: Space, name: str | None) -> Recipe:
    """The recipe that makes the model of a trial, for all its fits; the rounds that the trial found are its rounds.

    A recipe that won as it is stays as it is, unless it gets a name of its own.
    """
    base = recipes[trial.variant.recipe]
    if trial.as_is and name is None:
        return base
    if trial.as_is:
        return base.model_copy(update={"name": name})
    changed = variant_of(variant_of(base, space.recipes[base.name].fixed), trial.variant.values)
    settled = variant_of(changed, trial.found)
    fits = Fits(rounds=False, judged=True, promoted=True)
    return settled.model_copy(update={"name": name or f"{base.name}_tuned", "fits": fits})
