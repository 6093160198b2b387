"""The tables ``features`` and ``additions`` from the table ``customers``."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from santander.engine.memory.budget import FEATURES, FEATURES_THREAD
from santander.features.additions import write_additions
from santander.features.history import LAGS
from santander.features.made import require_functions
from santander.features.month import write_months, write_part
from santander.features.month_work import MonthPart, MonthWork, in_parts
from santander.features.rows import FAMILIES
from santander.features.shared_incomes import shared_incomes
from santander.lake.lake import Lake
from santander.lake.month_file_writer import write_in_tasks
from santander.lake.month_files import MonthFile
from santander.lake.staging import OF_ADDITIONS, OF_FEATURES, staging
from santander.lake.stored_month import StoredMonth
from santander.schema.catalogue import ADDITIONS, CUSTOMERS, FEATURES_TABLE
from santander.schema.counting import counted
from santander.schema.months import Month
from santander.storage.places import Place

log = logging.getLogger(__name__)


def build_features(lake: Lake, months: Sequence[Month], months_per_commit: int, tasks: int = 1) -> dict[Month, int]:
    """Replace these months of ``features`` and return their rows; raises InputError for a month without customers.

    Each month is made from its own files and those of the five months before and from nothing else: on the embedded engine in
    this process by ``tasks`` threads, or fewer where the memory budget does not hold their pieces, month after month; on Spark
    the months of a commit are cut into at least as many parts, of ``features.rows_per_task`` rows, which are a task each. Raises
    OverBudget, before anything is done, for a month that does not fit, and OutdatedTable for a table that lacks a feature.
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
        work = {month: _work_on(month, files, LAGS) for month in batch}
        with staging(lake, OF_FEATURES) as folder:
            if lake.has_workers:
                written = _write_shared(lake, _parts(lake, work, present, tasks), folder)
            else:
                written = list(write_months(list(work.values()), folder, threads))
            lake.replace_months_by_files(FEATURES_TABLE, written, folder, {month: present[month] for month in batch})
        log.info("features: %s of %s written, the last %s", first + len(batch), counted(len(ordered), "month"), batch[-1])
    return {month: present[month] for month in ordered}


def build_additions(lake: Lake, months: Sequence[Month], tasks: int = 1) -> dict[Month, int]:
    """Replace these months of ``additions`` and return their rows; none where it is not known what was held in both months.

    Takes less memory than their features: the products of one month at a time, in this process or in ``tasks`` tasks of Spark.
    """
    present, files = lake.rows_by_month(CUSTOMERS), lake.files_by_month(CUSTOMERS)
    both = [month for month in sorted(months) if files.get(month) and files.get(month - 1)]
    work = {month: _work_on(month, files, [1]) for month in both}
    rows = dict.fromkeys(sorted(months), 0)
    with staging(lake, OF_ADDITIONS) as folder:
        if lake.has_workers and work:
            written = _write_in_tasks(lake, _parts(lake, work, present, tasks), lambda part: write_additions(part, folder))
        else:
            written = [file for each in work.values() for file in write_additions(MonthPart(each, 0, 1), folder)]
        for file in written:
            rows[Month.parse(file.month)] += file.rows
        if written or rows.keys() & set(lake.months(ADDITIONS)):
            lake.replace_months_by_files(ADDITIONS, written, folder, rows)
    log.info("additions: %s written", counted(len(rows), "month"))
    return rows


def _work_on(month: Month, files: Mapping[Month, Sequence[Place]], lags: Iterable[int]) -> MonthWork:
    before = {lag: StoredMonth(CUSTOMERS, tuple(files[month - lag])) for lag in lags if files.get(month - lag)}
    return MonthWork(month, StoredMonth(CUSTOMERS, tuple(files[month])), before)


def _parts(lake: Lake, work: Mapping[Month, MonthWork], rows: Mapping[Month, int], tasks: int) -> list[MonthPart]:
    """Cut the months into parts for a task each: at least as many as there can be tasks at once, none of too many rows."""
    at_most, at_least = lake.settings.features.rows_per_task, -(-tasks // len(work))
    return [part for month, each in work.items() for part in in_parts(each, rows[month], at_most, at_least)]


def _write_shared(lake: Lake, parts: Sequence[MonthPart], folder: Place) -> list[MonthFile]:
    shared = [part for part in parts if part.parts > 1]
    incomes = shared_incomes(lake.session, shared) if shared else {}
    return _write_in_tasks(lake, parts, lambda part: write_part(part, incomes.get(part.work.month), folder))


def _write_in_tasks(lake: Lake, parts: Sequence[MonthPart], write: Callable[[MonthPart], list[MonthFile]]) -> list[MonthFile]:
    """Let workers write each of the parts, in a task of its own; return the files."""
    return write_in_tasks(lake.session, parts, len(parts), lambda given: [file for part in given for file in write(part)])
