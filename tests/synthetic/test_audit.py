"""The comparison with the facts: a bank agrees, a bank that is off in one figure does not."""

import shutil
from pathlib import Path

import pytest

from santander.bank_report.figures import allowed_difference, compare, expected_counts, outside
from santander.bank_report.observed import observed_counts
from santander.synthetic import BankSpec, generate
from santander.synthetic.facts import FULL_CUSTOMERS
from tests.synthetic.conftest import WrittenBank

CUSTOMERS = 15_000


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> WrittenBank:
    spec = BankSpec(out=tmp_path_factory.mktemp("larger"), customers=CUSTOMERS, seed=13, propensity=False)
    return WrittenBank(generate(spec))


def test_a_small_bank_agrees_with_the_facts(larger: WrittenBank) -> None:
    figures = compare(expected_counts(CUSTOMERS), observed_counts(larger.folder), CUSTOMERS)
    assert len(figures) == 121
    assert outside(figures) == []


def test_a_changed_file_does_not(larger: WrittenBank, tmp_path: Path) -> None:
    for name in ("train_ver2.csv", "test_ver2.csv"):
        shutil.copy(larger.folder / name, tmp_path)
    lines = (tmp_path / "train_ver2.csv").read_text().split("\n")
    # who holds a direct debit in May 2016 has held none before: everyone adds it
    lines = [line[:-1] + "0" if line.startswith("2016-04") else line for line in lines]
    (tmp_path / "train_ver2.csv").write_text("\n".join(lines))
    wrong = outside(compare(expected_counts(CUSTOMERS), observed_counts(tmp_path), CUSTOMERS))
    assert {(figure.group, figure.name) for figure in wrong} >= {("buyers", "2016-05"), ("additions by product", "direct_debit")}


def test_the_test_month_without_rows_is_a_difference(larger: WrittenBank, tmp_path: Path) -> None:
    shutil.copy(larger.folder / "train_ver2.csv", tmp_path)
    header = (larger.folder / "test_ver2.csv").read_text().split("\n", 1)[0]
    (tmp_path / "test_ver2.csv").write_text(header + "\n" + larger.test[0] + "\n")
    wrong = outside(compare(expected_counts(CUSTOMERS), observed_counts(tmp_path), CUSTOMERS))
    assert [(figure.group, figure.name, figure.seen) for figure in wrong] == [("rows", "2016-06", 1.0)]


@pytest.mark.parametrize(
    ("expected", "customers", "allowed"),
    [(10_000.0, 50_000, 500.0), (100.0, 50_000, 40.0), (100.0, FULL_CUSTOMERS, 5.0)],
)
def test_the_tolerance_is_5_percent_or_four_standard_deviations(expected: float, customers: int, allowed: float) -> None:
    assert allowed_difference(expected, customers) == pytest.approx(allowed)
