"""What a trial tries: suggested by one of Optuna's samplers, or the next point of the grid."""

import json
import random
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from santander.config.sections import TuningSettings
from santander.training.recipe import Recipe
from santander.tune.pruning import RECIPE
from santander.tune.space import Choices, Range, Space, grid_of
from santander.tune.variant import Variant, value_at


def sampler_for(rule: TuningSettings, begun: int, recipes: int) -> BaseSampler:
    """Return the sampler of one trial, seeded by how many were begun before: a study that goes on does not repeat itself."""
    seed = rule.seed + begun
    if rule.sampler != "tpe":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(seed=seed, n_startup_trials=rule.random_trials, group=recipes > 1, constant_liar=True)


def suggest(trial: optuna.Trial, space: Space, recipes: Mapping[str, Recipe], *, only: Iterable[str] | None = None) -> Variant:
    """A recipe, and values for what varies in it; with ``only`` for these paths alone."""
    name = trial.suggest_categorical(RECIPE, list(recipes))
    vary = space.recipes[name].vary
    paths = vary if only is None else [path for path in vary if path in set(only)]
    return Variant(name, {path: _value(trial, f"{name}.{path}", vary[path]) for path in paths})


def values_of(trial: FrozenTrial, space: Space) -> dict[str, Any]:
    """Return the values that a trial tried, by path."""
    recipe = trial.params[RECIPE]
    vary = space.recipes[recipe].vary
    tried = {name.removeprefix(f"{recipe}."): value for name, value in trial.params.items() if name != RECIPE}
    return {path: _from_label(vary[path], value) for path, value in tried.items()}


def parameters_of(variant: Variant) -> dict[str, Any]:
    """A variant as the parameters of a trial."""
    return {RECIPE: variant.recipe, **{f"{variant.recipe}.{path}": _label(value) for path, value in variant.values.items()}}


def as_it_is(name: str, recipe: Recipe, space: Space) -> Variant:
    """Return the recipe's own values of what varies, as far as they lie in the space."""
    vary = space.recipes[name].vary
    own = {path: value_at(recipe, path) for path in vary}
    return Variant(name, {path: value for path, value in own.items() if vary[path].holds(value)})


def rest_of_grid(space: Space, recipes: dict[str, Recipe], seed: int, tried: Sequence[FrozenTrial]) -> list[dict[str, Any]]:
    """The parameters of the points of the grid that were not tried, in an order that the seed decides."""
    points = [parameters_of(variant) for variant in grid_of(space, recipes)]
    random.Random(seed).shuffle(points)  # noqa: S311  (an order, not a secret)
    done = [trial.params for trial in tried]
    return [point for point in points if point not in done]


def _value(trial: optuna.Trial, name: str, varied: Range | Choices) -> Any:
    if isinstance(varied, Choices):
        return _from_label(varied, trial.suggest_categorical(name, [_label(choice) for choice in varied.choices]))
    if varied.whole:
        low, high = int(varied.low), int(varied.high)
        step = int(varied.step or 1)
        return trial.suggest_int(name, low, high - (high - low) % step, step=step, log=varied.log)
    high_point = varied.points()[-1] if varied.step else varied.high
    return _from_label(varied, trial.suggest_float(name, float(varied.low), float(high_point), step=varied.step, log=varied.log))


def _label(value: Any) -> Any:
    """Return a choice as the store keeps it: itself, or a list as text."""
    return value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value)


def _from_label(varied: Range | Choices, label: Any) -> Any:
    if isinstance(varied, Range):
        # written in a recipe, 0.123 says as much as 0.12266330586495584
        return label if varied.whole else min(max(float(f"{label:.3g}"), varied.low), varied.high)
    return next(choice for choice in varied.choices if _label(choice) == label)
