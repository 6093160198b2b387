"""Writing a bank: reproducible, whole or not at all, and with an oracle that the files themselves confirm."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from santander.bank_report.observed import additions_between, customers_and_holdings, months_of
from santander.errors import InputError
from santander.schema.months import Month, month_range
from santander.synthetic import BankReport, BankSpec, generate
from tests.synthetic.conftest import CUSTOMERS, SEED, WrittenBank


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        generate(BankSpec(out=tmp_path / name, customers=500, seed=seed, monthly=True, dirty_share=0.02))
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "again")
    assert bytes_of(tmp_path / "one")["train_ver2.csv"] != bytes_of(tmp_path / "other")["train_ver2.csv"]


def test_a_shorter_range_is_the_head_of_the_longer_one(tmp_path: Path, clean: WrittenBank) -> None:
    generate(BankSpec(out=tmp_path, customers=CUSTOMERS, seed=SEED, last=Month(2015, 8), propensity=False))
    short = (tmp_path / "train_ver2.csv").read_bytes()
    assert (clean.folder / "train_ver2.csv").read_bytes().startswith(short)
    assert short.count(b"2015-07-28,") > 0


def test_monthly_files_together_are_the_train_and_test_files(clean: WrittenBank) -> None:
    *train, test = [
        (clean.folder / "monthly" / f"{month}.csv").read_text() for month in month_range(Month(2015, 1), Month(2016, 6))
    ]
    header = train[0].split("\n", 1)[0]
    assert header + "\n" + "".join(text.split("\n", 1)[1] for text in train) == (clean.folder / "train_ver2.csv").read_text()
    assert test == (clean.folder / "test_ver2.csv").read_text()


@pytest.mark.parametrize(
    ("first", "last"),
    [("2016-01", "2017-02"), ("2014-10", "2015-02"), ("2016-06", "2016-07")],
)
def test_months_beyond_the_tables_work(tmp_path: Path, first: str, last: str) -> None:
    spec = BankSpec(out=tmp_path, customers=1_000, first=Month.parse(first), last=Month.parse(last))
    report = generate(spec)
    assert list(report.rows) == [str(month) for month in month_range(spec.first, spec.last)]
    assert min(report.rows.values()) > 500
    assert all(month.buyers > 5 for month in report.oracle)


def test_an_interrupted_run_leaves_no_file_under_its_name(tmp_path: Path) -> None:
    def stop(month: str) -> None:
        if month == "2015-03":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(BankSpec(out=tmp_path, customers=300, propensity=False), stop)
    assert list(tmp_path.iterdir()) == []


def test_a_new_bank_leaves_nothing_of_the_one_before(tmp_path: Path) -> None:
    generate(BankSpec(out=tmp_path / "used", customers=300, seed=1, monthly=True, dirty_share=0.02))
    for name in ("used", "fresh"):
        generate(BankSpec(out=tmp_path / name, customers=300, seed=2, first=Month(2015, 3), last=Month(2015, 9)))
    assert bytes_of(tmp_path / "used") == bytes_of(tmp_path / "fresh")


def test_a_bank_that_was_stopped_while_it_replaced_another_is_completed_by_the_same_spec(tmp_path: Path) -> None:
    def stop(_report: BankReport) -> None:
        raise KeyboardInterrupt

    first = BankSpec(out=tmp_path / "used", customers=300, seed=1, last=Month(2015, 5), propensity=False)
    second = replace(first, seed=2)
    generate(first)
    with pytest.raises(KeyboardInterrupt):
        generate(second, ready=stop)
    generate(second)
    generate(replace(second, out=tmp_path / "fresh"))
    assert bytes_of(tmp_path / "used") == bytes_of(tmp_path / "fresh")


def test_monthly_files_of_another_origin_are_neither_replaced_nor_removed(tmp_path: Path) -> None:
    spec = BankSpec(out=tmp_path, customers=300, last=Month(2015, 5), propensity=False)
    of_the_user = tmp_path / "monthly" / "2015-02.csv"
    of_the_user.parent.mkdir()
    of_the_user.write_text("the real one")
    for _ in range(2):
        generate(spec)
    with pytest.raises(InputError, match=r"monthly/2015-02\.csv was not generated"):
        generate(replace(spec, monthly=True))
    assert of_the_user.read_text() == "the real one"


@pytest.mark.parametrize("content", ["[1]", "{", "not json", '{"mine": 1}'])
def test_an_oracle_of_another_origin_is_not_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "oracle.json").write_text(content)
    with pytest.raises(InputError, match=r"oracle\.json was not generated"):
        generate(BankSpec(out=tmp_path, customers=300))


def test_raw_files_of_another_origin_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "train_ver2.csv").write_text("the real one")
    with pytest.raises(InputError, match="not generated"):
        generate(BankSpec(out=tmp_path, customers=300))
    assert (tmp_path / "train_ver2.csv").read_text() == "the real one"


@pytest.mark.parametrize(
    "wrong",
    [{"customers": 99}, {"first": Month(2016, 6)}, {"first": Month(2004, 12)}, {"dirty_share": 0.5}, {"dirty_share": -0.1}],
)
def test_a_spec_that_makes_no_bank_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        BankSpec(**({"out": tmp_path, "customers": 1_000} | wrong))  # type: ignore[arg-type]


def reference_ap(scores: np.ndarray, owned: int, added: int) -> float:
    """AP@7 of one customer, written as the definition reads."""
    candidates = [bit for bit in range(24) if not owned >> bit & 1]
    ranked = sorted(candidates, key=lambda bit: (-scores[bit], bit))[:7]
    hits, total = 0, 0.0
    for rank, bit in enumerate(ranked, start=1):
        if added >> bit & 1:
            hits += 1
            total += hits / rank
    return total / min(7, added.bit_count())


def additions_in_file(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Per month after the first: customers, their additions, and customers and holdings of the month before."""
    before = None
    for month, table in months_of(folder / "train_ver2.csv"):
        customer, held = customers_and_holdings(table)
        if before is not None:
            yield str(month), customer, additions_between(*before, customer, held), *before
        before = customer, held


def test_the_oracle_is_what_files_and_propensities_give(clean: WrittenBank) -> None:
    written = json.loads((clean.folder / "oracle.json").read_text())
    assert written["seed"] == SEED
    by_month = {entry["month"]: entry for entry in written["months"]}
    assert list(by_month) == [str(month) for month in month_range(Month(2015, 2), Month(2016, 5))]
    for month, customer, added, before, held_before in additions_in_file(clean.folder):
        table = pq.read_table(clean.folder / "propensity" / f"{month}.parquet").sort_by("customer_id")
        assert table["customer_id"].to_pylist() == customer.tolist()
        holdings = dict(zip(before.tolist(), held_before.tolist(), strict=True))
        assert table["owned"].to_pylist() == [holdings.get(number) for number in customer.tolist()]
        scores = table["propensity"].to_pylist()
        precision = [reference_ap(scores[row], holdings[int(customer[row])], int(added[row])) for row in np.flatnonzero(added)]
        customers = np.isin(customer, before).sum()
        entry = by_month[month]
        assert (entry["customers"], entry["buyers"]) == (customers, np.count_nonzero(added))
        assert entry["additions"] == np.bitwise_count(added).sum()
        assert entry["ceiling"] == pytest.approx(len(precision) / customers)
        assert entry["oracle"] == pytest.approx(sum(precision) / customers)


def test_the_test_month_has_propensities_too(clean: WrittenBank) -> None:
    table = pq.read_table(clean.folder / "propensity" / "2016-06.parquet")
    assert table.num_rows == len(clean.test)
    assert table["owned"].null_count == 0
