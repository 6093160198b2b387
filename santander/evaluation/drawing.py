"""What all plots share: colours, and figures that belong to no window system."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MODEL_COLOUR, BASELINE_COLOUR, GUIDE_COLOUR = "#1f5a8a", "#c9a66b", "#888888"
RANK_COLOURS = ("#12395c", "#1f5a8a", "#5b8fb9", "#b5cde1")
BASELINE_RANK_COLOURS = ("#8a6a2f", "#c9a66b", "#dcc69d", "#efe4cd")


def new_axes(height: float, width: float = 8.0) -> tuple["Figure", "Axes"]:
    """A figure with one pair of axes, in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def readable(name: str) -> str:
    """A name as people write it."""
    return name.replace("_", " ")
