"""Writing a bank: the train and test files, the oracle, the propensities, and the dirt where it is asked for."""

import re
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
import pyarrow as pa

from santander.schema.columns import COLUMNS
from santander.schema.months import month_range
from santander.storage.places import names_in, whole_file
from santander.synthetic.bank import Bank, BankMonth
from santander.synthetic.dirt import soil
from santander.synthetic.earlier import EarlierBank
from santander.synthetic.files import PROFILE_COLUMNS, Hashed, coarse, content_of, header, write_csv, write_json, write_propensity
from santander.synthetic.lines import LineWriter
from santander.synthetic.oracle import oracle_month
from santander.synthetic.people import People
from santander.synthetic.sampling import Flags, Indices
from santander.synthetic.spec import DIRTY, DIRTY_LINES, GENERATOR_VERSION, ORACLE, TEST, TRAIN, BankReport, BankSpec
from santander.synthetic.streams import stream

_MONTHLY = "monthly/{}.csv"
_CLUSTER = 20
"""Neighbouring ids that stay together in the files, on average; the clusters of a month come in arbitrary order."""

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
    lines = LineWriter(bank.people)
    with ExitStack() as files:
        raw = {name: Hashed(files.enter_context(whole_file(spec.out / name))) for name in (TRAIN, TEST)}
        raw[TRAIN].write(header(len(COLUMNS)))
        raw[TEST].write(header(PROFILE_COLUMNS))
        for month in bank.months():
            is_test = month.month == spec.last
            # the last month lists nobody without a row in the month before (calibration/README.md)
            listed = month.consecutive if is_test else np.ones(len(month.rows), np.bool_)
            text = _month_lines(spec, lines, month, listed, report, is_test=is_test)
            raw[TEST if is_test else TRAIN].write(content_of(text))
            if spec.monthly:
                name = _MONTHLY.format(month.month)
                raw[name] = Hashed(files.enter_context(whole_file(spec.out / name)))
                raw[name].write(header(PROFILE_COLUMNS if is_test else len(COLUMNS)))
                raw[name].write(content_of(text))
            report.rows[str(month.month)] = int(np.count_nonzero(listed))
            _score(spec, bank.people, month, listed, report, is_test=is_test)
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
        if re.fullmatch(_MONTHLY.format(r"\d{4}-\d\d"), file) and file not in _landing_names(spec) and earlier.wrote(file):
            (spec.out / file).unlink()


def file_order(rows: Indices, seed: int, month: int) -> Indices:
    """The order of a month's rows in the file: clusters of neighbouring ids, shuffled."""
    random = stream(seed, "order", month)
    cluster = np.cumsum(random.random(rows.size) < 1 / _CLUSTER)
    place = random.permutation(rows.size + 1)[cluster]
    return rows[np.argsort(place, kind="stable")]


def _month_lines(
    spec: BankSpec, lines: LineWriter, month: BankMonth, listed: Flags, report: BankReport, *, is_test: bool
) -> pa.Array:
    order = file_order(np.flatnonzero(listed), spec.seed, month.month.index)
    text = lines.test(month.month, month.rows, order) if is_test else lines.train(month.month, month.rows, month.held, order)
    if spec.dirty_share:
        soiled = soil(text, month.month, spec.dirty_share, spec.seed, products=not is_test)
        report.add_dirt(TEST if is_test else TRAIN, soiled)
        return soiled.lines
    return text


def _score(spec: BankSpec, people: People, month: BankMonth, listed: Flags, report: BankReport, *, is_test: bool) -> None:
    """Score the oracle where additions are labelled, and write down the propensities."""
    if month.propensity is None:
        return
    marginal = coarse(month.propensity.marginal())
    if not is_test:
        report.oracle.append(oracle_month(str(month.month), marginal, month.owned, month.added, month.consecutive))
    if spec.propensity:
        owned = pa.array(month.owned[listed], mask=~month.consecutive[listed])
        path = spec.out / "propensity" / f"{month.month}.parquet"
        write_propensity(path, people.customer_id[month.rows.who[listed]], owned, marginal[:, listed])
