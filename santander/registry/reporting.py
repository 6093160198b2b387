"""Figures of an evaluation for people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

_ROWS = {"map7": "model", "baseline": "baseline", "oracle": "oracle", "ceiling": "ceiling"}


def table_of(figures: Mapping[str, Any]) -> "Table":
    """The figures of ``Evaluation.figures`` as a table, and those of segments where ``figures`` has them."""
    from rich.table import Table

    counts = f"{figures['customers']:,} customers, {figures['buyers']:,} added something"
    table = Table("", title=f"MAP@7 of {figures['month']}: {counts}")
    table.add_column("MAP@7", justify="right")
    table.add_column("share of ceiling", justify="right")
    for name, title in _ROWS.items():
        if figures[name] is not None:
            table.add_row(title, *_figures(figures[name], figures["ceiling"]))
    for segment in figures.get("segments", ()):
        title = f"model, segment {segment['segment']} ({segment['customers']:,})"
        table.add_row(title, *_figures(segment["map7"], segment["ceiling"]))
    return table


def _figures(map7: float, ceiling: float) -> tuple[str, str]:
    return f"{map7:.6f}", f"{map7 / ceiling:.3f}" if ceiling else ""
