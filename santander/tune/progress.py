"""How far a search is: a bar on a terminal, and everywhere a line for each trial that ended."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from optuna.trial import FrozenTrial

from santander.logs.terminal import shows_progress
from santander.models.progress import Progress, no_progress
from santander.tune.variant import Variant

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """A trial that ended."""

    number: int
    variant: Variant
    state: str
    share_of_ceiling: float | None
    rounds: int | None
    seconds: float
    why: str

    def __str__(self) -> str:
        """Return the line that is shown of it."""
        title = f"trial {self.number} ({self.variant.recipe})"
        rounds = "" if self.rounds is None or self.why else f", {self.rounds} rounds"
        ended = f"{self.share_of_ceiling:.4f} of the ceiling" if self.share_of_ceiling is not None else f"{self.state} {self.why}"
        return f"{title}: {ended.strip()}{rounds}, {self.seconds:.1f} s"


class Announce:
    """Tells of trials by log lines."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted

    def round_of(self, number: int) -> Progress:  # noqa: ARG002  (a bar needs it)
        """The Progress of a trial."""
        return no_progress

    def trial(self, told: Told, finished: int, best: tuple[FrozenTrial, float] | None) -> None:
        """A trial ended; ``best`` is the best so far and its share of the ceiling."""
        self.say(_line(told, finished, self.wanted, best))

    def say(self, line: str) -> None:
        """Show a line."""
        log.info("%s", line)


class _Bar(Announce):
    """Shows a bar too, and the round that each trial under way has reached."""

    def __init__(self, wanted: int, update: Callable[[int | None, str], None], show: Callable[[str], None]) -> None:
        super().__init__(wanted)
        self._update, self._show = update, show
        self._rounds: dict[int, str] = {}

    def round_of(self, number: int) -> Progress:
        def show(done: int, most: int, _loss: float | None) -> None:
            self._rounds[number] = f"trial {number}: round {done} of {most}"
            self._update(None, ", ".join(list(self._rounds.values())))

        return show

    def trial(self, told: Told, finished: int, best: tuple[FrozenTrial, float] | None) -> None:
        super().trial(told, finished, best)
        self._rounds.pop(told.number, None)
        self._update(finished, "")

    def say(self, line: str) -> None:
        self._show(line)


@contextmanager
def announced(finished: int, wanted: int) -> Iterator[Announce]:
    """An Announce that fits standard error, for a study with so many finished trials of so many wanted."""
    if not shows_progress():
        yield Announce(wanted)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=wanted, completed=finished)

        def update(completed: int | None, description: str) -> None:
            bar.update(task, completed=completed, description=description)

        yield _Bar(wanted, update, lambda line: bar.console.print(line, markup=False, highlight=False))


def _line(told: Told, finished: int, wanted: int, best: tuple[FrozenTrial, float] | None) -> str:
    so_far = "" if best is None else f"; best so far: trial {best[0].number} with {best[1]:.4f}"
    return f"{finished} of {wanted}: {told}{so_far}"
