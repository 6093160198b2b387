"""Optuna's pictures of a study: how the search went, and how much each thing that varied mattered (PED-ANOVA)."""

import contextlib
import warnings
from typing import TYPE_CHECKING

from optuna.trial import TrialState

if TYPE_CHECKING:
    import optuna
    from matplotlib.figure import Figure

FEWEST_FOR_IMPORTANCE = 6
"""Completed trials without which nothing is said of what mattered."""


def draw(study: "optuna.Study") -> dict[str, "Figure"]:
    """Return the plots by name, as far as the trials allow them."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt
    from optuna.visualization.matplotlib import plot_optimization_history, plot_param_importances

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    varied = {name for trial in complete for name, space in trial.distributions.items() if not space.single()}
    mpl.use("agg")
    plots: dict[str, Figure | None] = {}
    with plt.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts of Optuna that may change, and of recipes with a trial or two
        if complete:
            plots["history"] = plot_optimization_history(study, target_name="MAP@7").get_figure(root=True)
        if varied and len(complete) >= FEWEST_FOR_IMPORTANCE:
            with contextlib.suppress(ValueError, RuntimeError):  # all trials alike: nothing can be told
                plots["importances"] = plot_param_importances(study, params=sorted(varied)).get_figure(root=True)
    plt.close("all")
    drawn = {name: figure for name, figure in plots.items() if figure is not None}
    for figure in drawn.values():
        figure.set_layout_engine("constrained")  # Optuna cuts long names of settings
    return drawn
