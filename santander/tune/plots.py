"""Pictures of a study: how the search went, and what of what varied mattered."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from santander.evaluation.drawing import BASELINE_COLOUR, GUIDE_COLOUR, MODEL_COLOUR, new_axes
from santander.tune.result import StudyResult, Tried

if TYPE_CHECKING:
    import optuna
    from matplotlib.figure import Figure

_COLOURS = (MODEL_COLOUR, "#b5532f", "#4f8a4c", "#7a5aa0", "#2f8f8f", "#8a6d1f")
FEWEST_FOR_IMPORTANCE = 6
"""Completed trials without which nothing is said of what mattered."""


def draw(result: StudyResult, importances: Mapping[str, float]) -> dict[str, "Figure"]:
    """The plots by name, as far as the trials allow them."""
    plots = {}
    if result.best is not None:
        plots["history"] = history(result)
    if importances:
        plots["importances"] = importance_of_parameters(importances)
    return plots


def history(result: StudyResult) -> "Figure":
    """Draw each trial's MAP@7 as a share of the ceiling, the best so far, and at the foot the trials that were given up."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = new_axes(height=5.0)
    complete, pruned = result.in_state("complete"), result.in_state("pruned")
    recipes = list(dict.fromkeys(trial.variant.recipe for trial in result.trials if trial.variant.recipe))
    for recipe, colour in zip(recipes, _COLOURS * len(recipes), strict=False):
        own = [trial for trial in complete if trial.variant.recipe == recipe]
        axes.scatter([t.number for t in own], [_share(t) for t in own], color=colour, s=30, label=recipe, zorder=3)
    as_is = [trial for trial in complete if trial.as_is]
    axes.scatter(
        [t.number for t in as_is], [_share(t) for t in as_is], s=110, facecolors="none", edgecolors=GUIDE_COLOUR,
        label="recipe as it is", zorder=4,
    )  # fmt: skip
    best = [max(_share(t) for t in complete[: i + 1]) for i in range(len(complete))]
    axes.step([t.number for t in complete], best, where="post", color=BASELINE_COLOUR, linewidth=1.5, label="best so far")
    if pruned:
        for recipe, colour in zip(recipes, _COLOURS * len(recipes), strict=False):
            given_up = [trial.number for trial in pruned if trial.variant.recipe == recipe]
            axes.scatter(given_up, [0.03] * len(given_up), color=colour, marker="x", s=30, transform=axes.get_xaxis_transform())
        axes.scatter([], [], color=GUIDE_COLOUR, marker="x", s=30, label="given up early")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(-0.5, max(trial.number for trial in result.trials) + 0.5)
    axes.set_xlabel("trial")
    axes.set_ylabel(f"MAP@7 of {result.month}, share of the ceiling")
    axes.set_title(f"Tuning {result.name.partition(',')[0]}: {len(complete)} trials completed, {len(pruned)} given up early")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4, frameon=False)
    return figure


def importance_of_parameters(importances: Mapping[str, float]) -> "Figure":
    """Draw the importance of each setting that varied."""
    ordered = sorted(importances.items(), key=lambda item: item[1])
    figure, axes = new_axes(height=1.2 + 0.34 * len(ordered))
    axes.barh([name for name, _ in ordered], [share for _, share in ordered], color=MODEL_COLOUR)
    axes.set_title("What mattered for MAP@7")
    axes.set_xlabel("share of the importance of all that varied (PED-ANOVA)")
    return figure


def importances_of(study: "optuna.Study", recipes: int) -> dict[str, float]:
    """The importance of each thing that varied, as shares that sum to 1; empty while there are too few trials to tell."""
    import optuna

    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    varied = {name for trial in complete for name, space in trial.distributions.items() if not space.single()}
    if len(complete) < FEWEST_FOR_IMPORTANCE or not varied:
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of recipes with a trial or two, which then count little
            found = optuna.importance.get_param_importances(study, params=sorted(varied))
    except (ValueError, RuntimeError):  # all trials alike: nothing can be told
        return {}
    return {name if recipes > 1 else name.partition(".")[2] or name: float(share) for name, share in found.items()}


def _share(trial: Tried) -> float:
    return trial.share_of_ceiling or 0.0
