"""Snapshots of two data folders: the lists that the service answers with, of months that both have published."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from santander.compare.comparison import Part, TableComparison, Verdict
from santander.compare.rows import compare_rows
from santander.ledger.published import FOLDER, serving_folder
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES
from santander.serving.snapshot.folders import copied, folder_of, months_in
from santander.serving.snapshot.manifest import BrokenSnapshot
from santander.serving.snapshot.reading import NO_PRODUCT, Snapshot, open_snapshot

if TYPE_CHECKING:
    from santander.config.settings import Settings

NOT_PUBLISHED = "one side did not publish it: run 'santander publish' there"
_KEY = ("customer_id", "list", "rank")


def compare_snapshots(
    here: "Settings", there: "Settings", unless: Callable[[Month], str | None], distance: float
) -> list[TableComparison]:
    """Compare list by list, scores and chances within ``distance``; nothing where neither side has published a month.

    ``unless`` says why the lists of a month cannot be compared. A month of one side is not compared, nor is a broken snapshot.
    """
    published = [months_in(serving_folder(side.data)) for side in (here, there)]
    parts = []
    for month in sorted({*published[0], *published[1]}):
        reason = unless(month) if all(month in months for months in published) else NOT_PUBLISHED
        parts.append(_part(here, there, month, distance) if reason is None else _not_compared(month, reason))
    return [TableComparison(FOLDER, parts)] if parts else []


def _part(here: "Settings", there: "Settings", month: Month, distance: float) -> Part:
    with ExitStack() as stack:
        try:
            snapshots = [_opened(side, month, stack) for side in (here, there)]
        except BrokenSnapshot as error:
            return _not_compared(month, str(error))
        rows = [pa.concat_tables(_lists(snapshot)) for snapshot in snapshots]
        difference = compare_rows(rows[0], rows[1], _KEY, within={"score": distance, "chance": distance})
    return Part(month, Verdict.EQUAL if difference.equal else Verdict.DIFFERENT, difference)


def _not_compared(month: Month, reason: str) -> Part:
    return Part(month, Verdict.NOT_COMPARED, reason=reason)


def _opened(settings: "Settings", month: Month, stack: ExitStack) -> Snapshot:
    """Open a snapshot where it lies, one in a bucket from a copy that goes with the stack."""
    folder = folder_of(settings.data, month)
    if isinstance(folder, Path):
        return open_snapshot(folder)
    return open_snapshot(copied(folder, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="santander-")))))


def _lists(snapshot: Snapshot) -> Iterator[pa.Table]:
    """Return the lists as rows of a table."""
    told = np.array(snapshot.reasons, dtype=object)
    for name, lists in (("recommendations", snapshot.recommendations), ("offers", snapshot.offers)):
        if lists is None:
            continue
        row, place = np.nonzero(lists.products != NO_PRODUCT)
        codes = lists.reasons[row, place]
        yield pa.table(
            {
                "customer_id": snapshot.ids[row],
                "list": pa.repeat(name, len(row)),
                "rank": (place + 1).astype(np.int8),
                "product": pa.DictionaryArray.from_arrays(lists.products[row, place], list(PRODUCT_NAMES)).cast(pa.string()),
                "score": lists.scores[row, place],
                "chance": lists.chances[row, place],
                **{f"reason_{nth + 1}": pa.array(told[codes[:, nth]], pa.string()) for nth in range(codes.shape[1])},
            }
        )
