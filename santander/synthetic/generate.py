"""Writing a bank: the train and test files, the oracle, the propensities, the dirt where it is asked for, and later months.

``oracle.json`` names the landing files of a folder with their SHA-256: only those may another bank replace or remove.
"""

import csv
import io
import json
import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from santander.errors import InputError
from santander.ingest.landing import sha256_of
from santander.schema.months import Month, month_range
from santander.storage.places import Place, names_in, open_read
from santander.synthetic.bank import Bank
from santander.synthetic.files import begin_landing, write_csv, write_json
from santander.synthetic.month_writer import MonthWriter
from santander.synthetic.spec import DIRTY, DIRTY_LINES, LATER_TEST, LATER_TRAIN, ORACLE, TEST, TRAIN, BankReport, BankSpec

log = logging.getLogger(__name__)

_MONTHLY = "monthly/{}.csv"
_ANY_MONTH = r"\d{4}-\d\d"
_LATER = re.compile("|".join(re.escape(name).replace(r"\{\}", _ANY_MONTH) for name in (LATER_TRAIN, LATER_TEST)))

Progress = Callable[[str], None]
Ready = Callable[[BankReport], None]


@dataclass(frozen=True, slots=True)
class EarlierBank:
    """The landing files of an earlier ``generate`` in a folder, and, where one was killed, those of the bank it replaced."""

    folder: Place
    files: Mapping[str, str]
    replaced: Mapping[str, str]

    @classmethod
    def read(cls, folder: Place) -> Self:
        """Read ``oracle.json``. Raises InputError where a file of that name is none of ours."""
        oracle = folder / ORACLE
        if not oracle.is_file():
            return cls(folder, {}, {})
        try:
            content = json.loads(oracle.read_text())
            return cls(folder, dict(content["files"]), dict(content.get("replaces", {})))
        except (ValueError, KeyError, AttributeError, TypeError):
            raise _not_generated(oracle) from None

    def refuse_to_replace_others(self, names: Iterable[str]) -> None:
        """Raise InputError when one of these files is there and is not as it was generated."""
        for name in names:
            if (self.folder / name).is_file() and not self.wrote(name):
                raise _not_generated(self.folder / name)

    def wrote(self, name: str) -> bool:
        """Whether the file of this name, which is there, is as an earlier ``generate`` wrote it."""
        known = {self.files.get(name), self.replaced.get(name)} - {None}
        return bool(known) and sha256_of(self.folder / name) in known


def generate(spec: BankSpec, progress: Progress = lambda _month: None, ready: Ready = lambda _report: None) -> BankReport:
    """Write a bank to ``spec.out``. The same spec writes the same bytes.

    ``progress`` is called after each month; ``ready`` once the landing files are written, right before they appear under their
    names. Raises InputError when the folder holds files of these names that were not generated: they are not replaced.
    """
    earlier = refuse_to_replace_others(spec)
    report = BankReport(spec)
    bank = Bank(spec.customers, spec.first, spec.last, spec.seed)
    writer = MonthWriter(report, bank.people)
    with ExitStack() as files:
        raw = {name: begin_landing(files, spec.out / name, products=name == TRAIN) for name in (TRAIN, TEST)}
        for month in bank.months():
            is_test = month.month == spec.last
            file = TEST if is_test else TRAIN
            content = writer.content(month, file, is_test=is_test)
            raw[file].write(content)
            if spec.monthly:
                name = _MONTHLY.format(month.month)
                raw[name] = begin_landing(files, spec.out / name, products=not is_test)
                raw[name].write(content)
            writer.score(month, is_test=is_test, propensity=spec.propensity)
            progress(str(month.month))
        report.landing = {name: file.sha256 for name, file in raw.items()}
        # a process that is killed while the files appear must find them to be its own when it is started again
        write_json(spec.out / ORACLE, report.oracle_json() | {"replaces": earlier.files})
        ready(report)
    write_json(spec.out / ORACLE, report.oracle_json())
    report.files = [spec.out / name for name in (TRAIN, TEST, ORACLE)]
    if spec.dirty_share:
        write_json(spec.out / DIRTY, report.dirty_json())
        write_csv(spec.out / DIRTY_LINES, report.dirty_rows())
        report.files += [spec.out / name for name in (DIRTY, DIRTY_LINES)]
    if earlier.files:
        _remove_leftovers(spec, earlier, list(report.rows))
    return report


def refuse_to_replace_others(spec: BankSpec) -> EarlierBank:
    """Return what an earlier ``generate`` left in ``spec.out``. Raises InputError for landing files there that are not of it."""
    earlier = EarlierBank.read(spec.out)
    earlier.refuse_to_replace_others(_landing_names(spec))
    return earlier


def _landing_names(spec: BankSpec) -> list[str]:
    months = month_range(spec.first, spec.last) if spec.monthly else []
    return [TRAIN, TEST, *(_MONTHLY.format(month) for month in months)]


def _remove_leftovers(spec: BankSpec, earlier: EarlierBank, months: list[str]) -> None:
    """Remove what an earlier bank in the same folder left and this one did not write; files of others stay."""
    if not spec.dirty_share:
        for name in (DIRTY, DIRTY_LINES):
            (spec.out / name).unlink(missing_ok=True)
    known = months[1:] if spec.propensity else []
    for name in names_in(spec.out / "propensity"):
        month = re.fullmatch(r"(\d{4}-\d\d)\.parquet", name)
        if month and month[1] not in known:
            (spec.out / "propensity" / name).unlink()
    for name in names_in(spec.out / "monthly"):
        file = f"monthly/{name}"
        if re.fullmatch(_MONTHLY.format(_ANY_MONTH), file) and file not in _landing_names(spec) and earlier.wrote(file):
            (spec.out / file).unlink()
    later = [name for name in names_in(spec.out) if _LATER.fullmatch(name) and earlier.wrote(name)]
    for name in later:
        (spec.out / name).unlink()
    if later:
        log.info("generate: removed %s: the bank begins anew, 'santander generate --next' continues it", ", ".join(later))


def _not_generated(file: Place) -> InputError:
    return InputError(f"{file} was not generated, or not left as it was", file=file, hint="move it away, it is not replaced")


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
