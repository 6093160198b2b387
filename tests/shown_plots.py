"""What a plot of a notebook must have to be read; a notebook under test calls ``check_shown_plots`` before its first cell."""

from collections.abc import Iterator
from itertools import pairwise

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text


def check_shown_plots() -> None:
    """Let every ``plt.show()`` of this process raise ValueError for a plot that cannot be read."""
    show = plt.show

    def checked_show() -> None:
        if missing := [what for number in plt.get_fignums() for what in missing_in(plt.figure(number))]:
            raise ValueError("; ".join(missing))
        show()

    plt.show = checked_show


def missing_in(figure: Figure) -> list[str]:
    """Return what a reader would miss in a figure: titles, names of axes, labels that can be told apart."""
    figure.canvas.draw()
    return [what for axes in figure.axes for what in _missing_in(axes)]


def _missing_in(axes: Axes) -> Iterator[str]:
    titles = [axes.get_title(loc) for loc in ("left", "center", "right")]
    name = next(filter(None, titles), "a plot")
    if axes.get_label() == "<colorbar>":
        if not (axes.get_ylabel() or axes.get_xlabel()):
            yield "a colour bar has no label"
        return
    if not any(titles):
        yield "a plot has no title"
    for axis in (axes.xaxis, axes.yaxis):
        if not axis.get_label_text():
            yield f"{name}: the {axis.axis_name} axis has no label"
        if _overlap([label for label in axis.get_ticklabels() if label.get_text()]):
            yield f"{name}: tick labels of the {axis.axis_name} axis overlap"


def _overlap(labels: list[Text]) -> bool:
    """Whether two neighbours meet. Slanted ones are measured by the height of their line, which is what lies between them."""
    boxes = [label.get_window_extent() for label in labels]
    if all(label.get_rotation() == 0 for label in labels):
        return any(one.overlaps(other) for one, other in pairwise(boxes))
    return any(other.x1 - one.x1 < labels[0].get_fontsize() for one, other in pairwise(boxes))
