"""The table ``features`` from the table ``customers``, a task for each month."""

import logging
from collections.abc import Iterator, Mapping, Sequence

from santander.bank.months import Month
from santander.errors import InputError
from santander.features.customer_files import CustomerFiles
from santander.features.history import LAGS
from santander.features.month import MonthWork, feature_rows
from santander.lake import Lake
from santander.memory.budget import UNLIMITED, Budget
from santander.memory.footprint import FEATURES
from santander.month_file_writer import MonthFileWriter
from santander.month_files import MonthFile
from santander.staging import OF_FEATURES, staging
from santander.storage import Place
from santander.tables import CUSTOMERS, FEATURES_TABLE
from santander.tasks import write_in_tasks

log = logging.getLogger("santander.features")

STEP_VERSION = 1
"""Raised when the features of unchanged input would come out differently: months built before are then out of date."""


def build_features(
    lake: Lake, months: Sequence[Month], months_per_commit: int, budget: Budget = UNLIMITED, tasks: int = 1
) -> dict[Month, int]:
    """Replace these months of ``features`` and return their rows; raises InputError for a month without customers.

    Each month is made from its own files and those of the five months before and from nothing else, by one task, of which
    ``tasks`` are at work at once, or fewer where the rows of so many months do not fit the budget. Raises OverBudget, before
    anything is done, for a month that does not fit it alone.
    """
    present = lake.rows_by_month(CUSTOMERS)
    absent = [str(month) for month in months if not present.get(month)]
    if absent:
        raise InputError(f"no customers for {', '.join(absent)}: ingest the landing file of the month first")
    if not months:
        return {}
    ordered = sorted(months)
    largest = max(ordered, key=lambda month: present[month])
    budget.require(FEATURES, present[largest], str(largest))
    at_once = budget.tasks(FEATURES.fixed, FEATURES.per_row * present[largest], tasks)
    files = lake.files_by_month(CUSTOMERS)
    for first in range(0, len(ordered), months_per_commit):
        batch = ordered[first : first + months_per_commit]
        with staging(lake, OF_FEATURES) as folder:
            written = _write_months(lake, _dealt_out([_work_on(month, files) for month in batch], at_once), folder)
            lake.replace_months_by_files(FEATURES_TABLE, written, folder, {month: present[month] for month in batch})
        log.info("features: %s of %s months written, the last %s", first + len(batch), len(ordered), batch[-1])
    return {month: present[month] for month in ordered}


def _work_on(month: Month, files: Mapping[Month, Sequence[Place]]) -> MonthWork:
    before = {lag: CustomerFiles(tuple(files[month - lag])) for lag in LAGS if files.get(month - lag)}
    return MonthWork(month, CustomerFiles(tuple(files[month])), before)


def _dealt_out(work: Sequence[MonthWork], tasks: int) -> list[list[MonthWork]]:
    """The months dealt out to tasks one by one, so that late months, which have more customers, do not meet in one."""
    return [list(work[task::tasks]) for task in range(min(tasks, len(work)))]


def _write_months(lake: Lake, dealt: Sequence[Sequence[MonthWork]], folder: Place) -> list[MonthFile]:
    """Build the months in tasks of the engine, a task for each sequence, which write them below ``folder``; the files."""

    def write(tasks: Iterator[Sequence[MonthWork]]) -> list[MonthFile]:
        return [file for months in tasks for month in months for file in _write_month(month, folder)]

    return write_in_tasks(lake.session, dealt, len(dealt), write)


def _write_month(month: MonthWork, folder: Place) -> list[MonthFile]:
    with MonthFileWriter(FEATURES_TABLE, folder) as writer:
        for rows in feature_rows(month):
            writer.write(rows)
        return writer.finish()
