"""The later months of a bank: the last one again with its products, and one more without, beside the files there are."""

import csv
import io
import json
from collections.abc import Collection
from contextlib import ExitStack

from santander.schema.months import Month, month_range
from santander.storage.places import open_read
from santander.synthetic.bank import Bank
from santander.synthetic.files import begin_landing, write_csv, write_json
from santander.synthetic.generate import EarlierBank, Progress, Ready
from santander.synthetic.month_writer import MonthWriter
from santander.synthetic.spec import (
    DIRTY,
    DIRTY_LINES,
    LATER_TEST,
    LATER_TRAIN,
    ORACLE,
    BankReport,
    BankSpec,
)


def later_files(first: Month, until: Month) -> list[str]:
    """Names of the files of a bank that ended with ``first`` and was continued: each month with products, the last without."""
    if until == first:
        return []
    return [*(LATER_TRAIN.format(month) for month in month_range(first, until - 1)), LATER_TEST.format(until)]


def generate_later(spec: BankSpec, until: Month, names: Collection[str], progress: Progress, ready: Ready) -> BankReport:
    """Write those files of ``later_files`` that are named to ``spec.out``, of the bank ``spec`` continued to ``until``.

    The same bank gives the same bytes, also when it is continued further. ``oracle.json`` gets the months that have their
    products now, ``dirty.json`` the dirt of these files; with ``spec.propensity`` the propensities of the months are written.
    ``progress`` and ``ready`` are those of ``generate``. Raises InputError for a file of such a name that was not generated.
    """
    earlier = EarlierBank.read(spec.out)
    earlier.refuse_to_replace_others(names)
    report = BankReport(spec, landing=dict(earlier.files))
    bank = Bank(spec.customers, spec.first, spec.last, spec.seed, until=until)
    writer = MonthWriter(report, bank.people)
    with ExitStack() as files:
        for month in bank.months():
            is_test = month.month == until
            name = (LATER_TEST if is_test else LATER_TRAIN).format(month.month)
            if name in names:
                file = begin_landing(files, spec.out / name, products=not is_test)
                file.write(writer.content(month, name, is_test=is_test))
                report.landing[name] = file.sha256
                report.files.append(spec.out / name)
            writer.score(month, is_test=is_test, propensity=spec.propensity and name in names)
            progress(str(month.month))
        # what a killed process leaves is known to be of the bank
        write_json(spec.out / ORACLE, report.oracle_json())
        if spec.dirty_share:
            _add_dirt(report)
        ready(report)
    return report


def _add_dirt(report: BankReport) -> None:
    """Add the dirt of these files to what is announced of the others."""
    announced, listed = report.spec.out / DIRTY, report.spec.out / DIRTY_LINES
    before = json.loads(announced.read_text()) if announced.is_file() else {"files": {}}
    now = report.dirty_json()
    write_json(announced, now | {"files": {**before["files"], **now["files"]}})
    head, *rows = report.dirty_rows()
    others: list[list[str]] = []
    if listed.is_file():
        with io.TextIOWrapper(open_read(listed), encoding="utf-8", newline="") as lines:
            others = [row for row in csv.reader(lines) if tuple(row) != head and row[0] not in report.dirty]
    write_csv(listed, [head, *others, *rows])
