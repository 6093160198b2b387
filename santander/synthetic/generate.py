"""Writing a bank: the train and test files, the oracle, the propensities, and the dirt where it is asked for."""

import logging
import re
from collections.abc import Callable
from contextlib import ExitStack

from santander.schema.columns import COLUMNS
from santander.schema.months import month_range
from santander.storage.places import names_in, whole_file
from santander.synthetic.bank import Bank
from santander.synthetic.earlier import EarlierBank
from santander.synthetic.files import PROFILE_COLUMNS, Hashed, header, write_csv, write_json
from santander.synthetic.month_writer import MonthWriter
from santander.synthetic.spec import (
    DIRTY,
    DIRTY_LINES,
    GENERATOR_VERSION,
    LATER_TEST,
    LATER_TRAIN,
    ORACLE,
    TEST,
    TRAIN,
    BankReport,
    BankSpec,
)

log = logging.getLogger(__name__)

_MONTHLY = "monthly/{}.csv"
_ANY_MONTH = r"\d{4}-\d\d"
_LATER = re.compile("|".join(re.escape(name).replace(r"\{\}", _ANY_MONTH) for name in (LATER_TRAIN, LATER_TEST)))

Progress = Callable[[str], None]
Ready = Callable[[BankReport], None]


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
        raw = {name: Hashed(files.enter_context(whole_file(spec.out / name))) for name in (TRAIN, TEST)}
        raw[TRAIN].write(header(len(COLUMNS)))
        raw[TEST].write(header(PROFILE_COLUMNS))
        for month in bank.months():
            is_test = month.month == spec.last
            file = TEST if is_test else TRAIN
            content = writer.content(month, file, is_test=is_test)
            raw[file].write(content)
            if spec.monthly:
                name = _MONTHLY.format(month.month)
                raw[name] = Hashed(files.enter_context(whole_file(spec.out / name)))
                raw[name].write(header(PROFILE_COLUMNS if is_test else len(COLUMNS)))
                raw[name].write(content)
            writer.score(month, is_test=is_test, propensity=spec.propensity)
            progress(str(month.month))
        report.landing = {name: file.sha256 for name, file in raw.items()}
        # a process that is killed while the files appear must find them to be its own when it is started again
        write_json(spec.out / ORACLE, report.oracle_json(GENERATOR_VERSION) | {"replaces": earlier.files})
        ready(report)
    write_json(spec.out / ORACLE, report.oracle_json(GENERATOR_VERSION))
    if spec.dirty_share:
        write_json(spec.out / DIRTY, report.dirty_json())
        write_csv(spec.out / DIRTY_LINES, report.dirty_rows())
    if earlier.is_there:
        _remove_leftovers(spec, earlier, list(report.rows))
    report.files = [spec.out / name for name in (TRAIN, TEST, ORACLE, *([DIRTY, DIRTY_LINES] if spec.dirty_share else []))]
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
