"""How far a search is: a bar on a terminal, and everywhere a line for each trial that ended."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from santander.logs.terminal import shows_progress
from santander.models.progress import Progress, no_progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

log = logging.getLogger(__name__)


class Announce:
    """Reports trials by log lines."""

    def round_of(self, number: int) -> Progress:  # noqa: ARG002  (a bar needs it)
        """Return the Progress of a trial."""
        return no_progress

    def ended(self, number: int, finished: int, line: str) -> None:  # noqa: ARG002
        """Report a trial that ended, with the number of finished trials."""
        log.info("%s", line)


class _Bar(Announce):
    """Shows a bar too, and the round that each trial under way has reached."""

    def __init__(self, bar: "Bar", finished: int, wanted: int) -> None:
        self._bar, self._task = bar, bar.add_task("", total=wanted, completed=finished)
        self._rounds: dict[int, str] = {}

    def round_of(self, number: int) -> Progress:
        def show(done: int, most: int, _loss: float | None) -> None:
            self._rounds[number] = f"trial {number}: round {done} of {most}"
            self._bar.update(self._task, description=", ".join(list(self._rounds.values())))

        return show

    def ended(self, number: int, finished: int, line: str) -> None:
        self._rounds.pop(number, None)
        self._bar.console.print(line, markup=False, highlight=False)
        self._bar.update(self._task, completed=finished, description="")


@contextmanager
def announced(finished: int, wanted: int) -> Iterator[Announce]:
    """Return an Announce that fits standard error, for a study with so many finished trials of so many wanted."""
    if not shows_progress():
        yield Announce()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar, finished, wanted)
