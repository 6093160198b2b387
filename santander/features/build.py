"""The tables ``features`` and ``additions`` from the table ``customers``."""

import logging
from collections.abc import Iterator, Mapping, Sequence

from santander.engine.memory.budget import FEATURES, FEATURES_THREAD
from santander.features.additions import AdditionsWork, write_additions
from santander.features.customer_files import CustomerFiles
from santander.features.history import LAGS
from santander.features.made import require_functions
from santander.features.month import FAMILIES, MonthWork, write_months
from santander.lake.lake import Lake
from santander.lake.month_file_writer import stretches, write_in_tasks
from santander.lake.month_files import MonthFile
from santander.lake.staging import OF_ADDITIONS, OF_FEATURES, staging
from santander.schema.catalogue import ADDITIONS, CUSTOMERS, FEATURES_TABLE
from santander.schema.counting import counted
from santander.schema.months import Month
from santander.storage.places import Place

log = logging.getLogger(__name__)


def build_features(lake: Lake, months: Sequence[Month], months_per_commit: int, tasks: int = 1) -> dict[Month, int]:
    """Replace these months of ``features`` and return their rows; raises InputError for a month without customers.

    Each month is made from its own files and those of the five months before and from nothing else: on the embedded engine in
    this process by ``tasks`` threads, or fewer where the memory budget does not hold their pieces, month after month; on Spark by
    as many tasks, each with months of its own. Raises OverBudget, before anything is done, for a month that does not fit, and
    OutdatedTable for a table that lacks a feature.
    """
    require_functions(FAMILIES)
    if lake.exists(FEATURES_TABLE):
        lake.writable(FEATURES_TABLE)
    present = lake.rows_by_month(CUSTOMERS)
    lake.require_customers(months)
    if not months:
        return {}
    ordered = sorted(months)
    largest = max(ordered, key=lambda month: present[month])
    lake.budget.require(FEATURES, present[largest], str(largest))
    threads = lake.budget.tasks(FEATURES.peak(present[largest]), FEATURES_THREAD, tasks)
    files = lake.files_by_month(CUSTOMERS)
    for first in range(0, len(ordered), months_per_commit):
        batch = ordered[first : first + months_per_commit]
        work = [_work_on(month, files) for month in batch]
        with staging(lake, OF_FEATURES) as folder:
            if lake.has_workers:
                written = _write_in_tasks(lake, stretches(work, [present[month] for month in batch], tasks), folder)
            else:
                written = list(write_months(work, folder, threads))
            lake.replace_months_by_files(FEATURES_TABLE, written, folder, {month: present[month] for month in batch})
        log.info("features: %s of %s written, the last %s", first + len(batch), counted(len(ordered), "month"), batch[-1])
    return {month: present[month] for month in ordered}


def build_additions(lake: Lake, months: Sequence[Month], tasks: int = 1) -> dict[Month, int]:
    """Replace these months of ``additions`` and return their rows; none where it is not known what was held in both months.

    Takes less memory than their features: the products of one month at a time, in this process or in ``tasks`` tasks of Spark.
    """
    present, files = lake.rows_by_month(CUSTOMERS), lake.files_by_month(CUSTOMERS)
    work = [
        AdditionsWork(month, CustomerFiles(tuple(files[month])), CustomerFiles(tuple(files[month - 1])))
        for month in sorted(months)
        if files.get(month) and files.get(month - 1)
    ]
    rows = dict.fromkeys(sorted(months), 0)
    with staging(lake, OF_ADDITIONS) as folder:
        if lake.has_workers and work:
            dealt = stretches(work, [present[each.month] for each in work], tasks)
            written = write_in_tasks(
                lake.session,
                dealt,
                len(dealt),
                lambda pieces: [file for piece in pieces for file in write_additions(piece, folder)],
            )
        else:
            written = list(write_additions(work, folder))
        for file in written:
            rows[Month.parse(file.month)] += file.rows
        if written or rows.keys() & set(lake.months(ADDITIONS)):
            lake.replace_months_by_files(ADDITIONS, written, folder, rows)
    log.info("additions: %s written", counted(len(rows), "month"))
    return rows


def _work_on(month: Month, files: Mapping[Month, Sequence[Place]]) -> MonthWork:
    before = {lag: CustomerFiles(tuple(files[month - lag])) for lag in LAGS if files.get(month - lag)}
    return MonthWork(month, CustomerFiles(tuple(files[month])), before)


def _write_in_tasks(lake: Lake, dealt: Sequence[Sequence[MonthWork]], folder: Place) -> list[MonthFile]:
    """Let workers write the months below ``folder``, a task for each stretch of months, which has one core; the files."""

    def write(tasks: Iterator[Sequence[MonthWork]]) -> list[MonthFile]:
        return [file for months in tasks for file in write_months(months, folder, threads=1)]

    return write_in_tasks(lake.session, dealt, len(dealt), write)
