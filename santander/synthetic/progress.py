"""Progress of a long run: a bar on a terminal, one logged line per step elsewhere."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from santander.logs.terminal import shows_progress

log = logging.getLogger(__name__)


@contextmanager
def progress(task: str, steps: int) -> Iterator[Callable[[str], None]]:
    """Give a function to call after each of ``steps`` steps with the step's name; all of it goes to standard error."""
    if not shows_progress():
        number = count(1)
        yield lambda step: log.info("%s %s (%d of %d)", task, step, next(number), steps)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        running = bar.add_task(task, total=steps)
        yield lambda step: bar.update(running, advance=1, description=f"{task} {step}")
