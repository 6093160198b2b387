"""A cross-validation as a table on a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from santander.training.cross_validation import FoldResult, summary_of

if TYPE_CHECKING:
    from rich.table import Table


def table_of(title: str, folds: Sequence[FoldResult]) -> "Table":
    """A row a fold in order of time, then mean and spread."""
    from rich.table import Table

    with_oracle = any(fold.oracle is not None for fold in folds)
    table = Table("judged on", title=title)
    headings = ("fitted on", "MAP@7", "ceiling", "of ceiling", *(("of oracle",) if with_oracle else ()), "baseline", "gain", "s")
    for heading in headings:
        table.add_column(heading, justify="right")
    for fold in folds:
        oracle = (f"{fold.share_of_oracle:.3f}" if fold.share_of_oracle else "",) if with_oracle else ()
        figures = (f"{fold.map7:.6f}", f"{fold.ceiling:.6f}", f"{fold.share_of_ceiling:.3f}", *oracle)
        against = (f"{fold.baseline:.6f}", f"{fold.gain_over_baseline:+.1%}", f"{fold.seconds:.0f}")
        table.add_row(str(fold.month), _span(fold), *figures, *against)
    table.add_section()
    summary = summary_of(folds)
    map7, share, gain = summary.map7, summary.share_of_ceiling, summary.gain_over_baseline
    blank = ("",) if with_oracle else ()
    table.add_row("mean", "", f"{map7.mean:.6f}", "", f"{share.mean:.3f}", *blank, "", f"{gain.mean:+.1%}", "")
    table.add_row("spread", "", f"{map7.deviation:.6f}", "", f"{share.deviation:.3f}", *blank, "", f"{gain.deviation:.1%}", "")
    return table


def _span(fold: FoldResult) -> str:
    """Number of fitted months, from the first to the last."""
    return f"{len(fold.fit_months)}: {fold.fit_months[0]} to {fold.fit_months[-1]}"
