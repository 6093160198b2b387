"""The rows of ``features``, made month by month from the files of the month and of the five before it, and written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from santander.features.history import LAGS, UNKNOWN, Bitmasks
from santander.features.incomes import INCOME_READ, MonthIncomes
from santander.features.month_before import Ids, MonthBefore, index_of, nothing_last
from santander.features.month_work import MonthPart, MonthWork
from santander.features.rows import READ, feature_rows
from santander.lake.month_file_writer import MonthFileWriter
from santander.lake.month_files import MonthFile
from santander.lake.stored_month import RowGroup, pieces
from santander.schema.catalogue import FEATURES_TABLE
from santander.schema.months import Month
from santander.storage.places import Place


@dataclass(frozen=True, slots=True)
class _Sight:
    """What the rows of a month are made from beside its own files."""

    work: MonthWork
    incomes: MonthIncomes
    before: dict[int, MonthBefore]

    def known(self) -> dict[Month, MonthBefore]:
        """Return what the months after this one need not read again."""
        return {self.work.month - lag: month.without_last() for lag, month in self.before.items()}


def write_months(months: Sequence[MonthWork], folder: Place, threads: int) -> Iterator[MonthFile]:
    """Write the rows of these months of ``features`` below ``folder``, one month after the other.

    Each thread makes the rows of a stretch of the month, piece by piece. The months before are held whole, as bitmasks by
    customer, and each is read once for all months of the call that look back on it. So memory grows with the rows of one month.
    """
    with ThreadPoolExecutor(threads) as pool:
        try:
            reading = _reading(months[0], {}, pool)
            for work, after in zip(months, [*months[1:], None], strict=True):
                sight = reading()
                writing = [pool.submit(_write, sight, groups, folder) for groups in work.files.stretches(threads)]
                if after is not None:  # by the thread that is done with its stretch first
                    reading = _reading(after, sight.known(), pool)
                for written in writing:
                    yield from written.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def write_part(part: MonthPart, incomes: MonthIncomes | None, folder: Place) -> list[MonthFile]:
    """Write the rows of a part of a month of ``features`` below ``folder``; a part that is the whole month needs no ``incomes``.

    Nothing is kept of customers of the months before who are not in the part: so memory grows with its rows.
    """
    if not (groups := part.row_groups()):
        return []
    customers = index_of(pieces(groups, ("customer_id",)))
    before = {lag: MonthBefore.read(files, is_last=lag == 1, of=customers) for lag, files in part.work.before.items()}
    incomes = incomes or MonthIncomes.of(lambda: pieces(groups, INCOME_READ))
    return _write(_Sight(part.work, incomes, before), groups, folder)


def _reading(work: MonthWork, known: Mapping[Month, MonthBefore], pool: ThreadPoolExecutor) -> Callable[[], _Sight]:
    """Let the pool read what is not known already; to be called for all of it."""
    incomes = pool.submit(lambda: MonthIncomes.of(lambda: pieces(work.files.row_groups(), INCOME_READ)))
    unknown = {lag: files for lag, files in work.before.items() if lag == 1 or work.month - lag not in known}
    reads = {lag: pool.submit(MonthBefore.read, files, is_last=lag == 1) for lag, files in unknown.items()}

    def sight() -> _Sight:
        before = {lag: reads[lag].result() if lag in reads else known[work.month - lag] for lag in work.before}
        return _Sight(work, incomes.result(), before)

    return sight


def _write(sight: _Sight, groups: Sequence[RowGroup], folder: Place) -> list[MonthFile]:
    with MonthFileWriter(FEATURES_TABLE, folder) as writer:
        for rows in pieces(groups, READ):
            lags, last = _looking_back(sight.before, rows.column("customer_id").to_numpy())
            writer.write(feature_rows(rows, sight.work.month, sight.incomes, lags, last))
        return writer.finish()


def _looking_back(months: Mapping[int, MonthBefore], customers: Ids) -> tuple[Sequence[Bitmasks], Mapping[str, pa.Array]]:
    """Return the products that the customers held in each month before, and what else is known of the last of them."""
    unknown = np.full(len(customers), UNKNOWN, np.int32)
    places = {lag: month.places(customers) for lag, month in months.items()}
    lags = [months[lag].holdings(places[lag]) if lag in months else unknown for lag in LAGS]
    return lags, months[1].last(places[1]) if 1 in months else nothing_last(len(customers))
