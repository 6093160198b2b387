"""The rows of a task, so many together that a model is worth calling."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

ROWS_AT_A_TIME = 65_536
"""The engine hands over small batches; predicting some at a time costs less than each alone. No setting: what scoring holds was
measured with it (santander/engine/memory/budget.py)."""


def together(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The batches of a task, ROWS_AT_A_TIME rows or a few more at a time."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= ROWS_AT_A_TIME:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)
