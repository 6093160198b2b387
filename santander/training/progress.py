"""How far a fit is: a bar on a terminal, a log line now and then elsewhere."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from santander.logs.terminal import shows_progress
from santander.models.progress import Progress

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 10.0
"""No setting: it changes nothing but how often a log says how far a fit is."""


@contextmanager
def progress_of(title: str) -> Iterator[Progress]:
    """A Progress that shows rounds done and left on standard error under a title."""
    if shows_progress():
        with _bar(title) as progress:
            yield progress
    else:
        yield _lines(title)


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[loss]}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, loss="")

        def show(done: int, most: int, loss: float | None) -> None:
            bar.update(task, completed=done, total=most, loss=_written(loss))

        yield show


def _lines(title: str) -> Progress:
    last = time.monotonic()

    def show(done: int, most: int, loss: float | None) -> None:
        nonlocal last
        now = time.monotonic()
        if done == most or now - last >= SECONDS_BETWEEN_LINES:
            last = now
            log.info("%s: round %d of %d%s", title, done, most, _written(loss))

    return show


def _written(loss: float | None) -> str:
    return "" if loss is None else f" loss {loss:.4f}"
