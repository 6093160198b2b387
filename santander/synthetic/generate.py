"""Writing a bank: the train and test files, the oracle, the propensities, and the dirt where it is asked for."""

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from santander.bank.columns import COLUMNS
from santander.errors import InputError
from santander.storage import names_in, size_of, whole_file
from santander.synthetic.bank import Bank, BankMonth
from santander.synthetic.dirt import soil
from santander.synthetic.files import PROFILE_COLUMNS, coarse, content_of, header, write_csv, write_json, write_propensity
from santander.synthetic.lines import LineWriter
from santander.synthetic.oracle import oracle_month
from santander.synthetic.people import People
from santander.synthetic.sampling import Flags, Indices
from santander.synthetic.spec import DIRTY, DIRTY_LINES, GENERATOR_VERSION, ORACLE, TEST, TRAIN, BankReport, BankSpec
from santander.synthetic.streams import stream

_CLUSTER = 20
"""Neighbouring ids that stay together in the files, on average; the clusters of a month come in arbitrary order."""

Progress = Callable[[str], None]


def generate(spec: BankSpec, progress: Progress = lambda _month: None) -> BankReport:
    """Write a bank to ``spec.out``; ``progress`` hears of each finished month. The same spec writes the same bytes.

    Raises InputError when the folder holds raw files that are no bank: the real ones are not to be replaced.
    """
    _refuse_to_replace_others(spec)
    report = BankReport(spec)
    bank = Bank(spec.customers, spec.first, spec.last, spec.seed)
    lines = LineWriter(bank.people)
    with ExitStack() as files:
        raw = {name: files.enter_context(whole_file(spec.out / name)) for name in (TRAIN, TEST)}
        raw[TRAIN].write(header(len(COLUMNS)))
        raw[TEST].write(header(PROFILE_COLUMNS))
        for month in bank.months():
            is_test = month.month == spec.last
            # the last month lists nobody without a row in the month before (calibration/README.md)
            listed = month.consecutive if is_test else np.ones(len(month.rows), np.bool_)
            text = _month_lines(spec, lines, month, listed, report, is_test=is_test)
            _write_lines(spec, raw[TEST if is_test else TRAIN], str(month.month), text, is_test=is_test)
            report.rows[str(month.month)] = int(np.count_nonzero(listed))
            _score(spec, bank.people, month, listed, report, is_test=is_test)
            progress(str(month.month))
    sizes = {name: size_of(spec.out / name) for name in (TRAIN, TEST)}
    write_json(spec.out / ORACLE, report.oracle_json(GENERATOR_VERSION) | {"bytes": sizes})
    if spec.dirty_share:
        write_json(spec.out / DIRTY, report.dirty_json())
        write_csv(spec.out / DIRTY_LINES, report.dirty_rows())
    _remove_leftovers(spec, list(report.rows))
    report.files = [spec.out / name for name in (TRAIN, TEST, ORACLE, *([DIRTY, DIRTY_LINES] if spec.dirty_share else []))]
    return report


def _refuse_to_replace_others(spec: BankSpec) -> None:
    oracle = spec.out / ORACLE
    generated = json.loads(oracle.read_text()).get("bytes", {}) if oracle.is_file() else {}
    for name in (TRAIN, TEST):
        path = spec.out / name
        if path.is_file() and size_of(path) != generated.get(name):
            raise InputError(f"{spec.out} holds a {name} that was not generated: choose another folder with --out")


def _remove_leftovers(spec: BankSpec, months: list[str]) -> None:
    """Remove what an earlier bank in the same folder left and this one did not write."""
    if not spec.dirty_share:
        for name in (DIRTY, DIRTY_LINES):
            (spec.out / name).unlink(missing_ok=True)
    propensity = months[1:] if spec.propensity else []
    monthly = months if spec.monthly else []
    for folder, ending, written in (("propensity", "parquet", propensity), ("monthly", "csv", monthly)):
        for name in names_in(spec.out / folder):
            month = re.fullmatch(rf"(\d{{4}}-\d\d)\.{ending}", name)
            if month and month[1] not in written:
                (spec.out / folder / name).unlink()


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


def _write_lines(spec: BankSpec, raw: BinaryIO, month: str, text: pa.Array, *, is_test: bool) -> None:
    raw.write(content_of(text))
    if spec.monthly:
        with whole_file(spec.out / "monthly" / f"{month}.csv") as file:
            file.write(header(PROFILE_COLUMNS if is_test else len(COLUMNS)))
            file.write(content_of(text))


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
