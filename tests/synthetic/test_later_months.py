"""A bank continued: what was written stays what it is, a month gets its products, and others follow it."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from santander.bank_report.observed import additions_between, customers_and_holdings, months_of
from santander.errors import InputError
from santander.schema.months import Month
from santander.synthetic import BankReport, BankSpec, generate
from santander.synthetic.bank import Bank
from santander.synthetic.generate import generate_later, later_files

JUNE, JULY, AUGUST = Month(2016, 6), Month(2016, 7), Month(2016, 8)
SPEC = {"customers": 2_000, "first": Month(2015, 12), "seed": 4}


def first_bank(out: Path, **other: object) -> BankSpec:
    spec = BankSpec(out=out, **{**SPEC, **other})
    generate(spec)
    return spec


def continued(spec: BankSpec, until: Month) -> BankReport:
    """Write the two files of the last two months."""
    names = later_files(spec.last, until)[-2:]
    return generate_later(spec, until, names, lambda _month: None, lambda _report: None)


def test_a_month_that_gets_its_products_has_the_lines_it_had_without_them(tmp_path: Path) -> None:
    continued(first_bank(tmp_path), JULY)
    before = (tmp_path / "test_ver2.csv").read_text().splitlines()[1:]
    now = (tmp_path / "train_2016-06.csv").read_text().splitlines()
    assert now[0].count('"') == 96
    assert len(before) == len(now) - 1
    for without, with_products in zip(before, now[1:], strict=True):
        head, tail = without.rsplit(",", 2)[0], without.rsplit(",", 2)[-1]
        assert with_products.startswith(head)  # the two differ by the padding of the income
        assert with_products.rsplit(",", 25)[1] == tail


def test_a_bank_planned_one_month_longer_has_the_same_months(tmp_path: Path) -> None:
    """Within the months that every bank is planned for; beyond them one planned longer has other people from the start."""
    longer, short = (first_bank(tmp_path / name, last=last) for name, last in (("longer", JUNE), ("short", Month(2016, 5))))
    continued(short, JUNE)
    text = (longer.out / "train_ver2.csv").read_text()
    head, *may = (short.out / "train_2016-05.csv").read_text().splitlines(keepends=True)
    assert text.startswith(head)
    assert text.endswith("".join(may))
    assert (short.out / "test_2016-06.csv").read_bytes() == (longer.out / "test_ver2.csv").read_bytes()
    for name in ("propensity/2016-05.parquet", "propensity/2016-06.parquet"):
        assert (short.out / name).read_bytes() == (longer.out / name).read_bytes()
    oracles = [json.loads((spec.out / "oracle.json").read_text())["months"] for spec in (longer, short)]
    assert oracles[0] == oracles[1]


def test_each_continuation_gives_the_same_bytes_however_far_it_goes(tmp_path: Path) -> None:
    here, there = first_bank(tmp_path / "here"), first_bank(tmp_path / "there")
    before = {path.name: path.read_bytes() for path in here.out.glob("*.csv")}
    for until in (JULY, AUGUST):
        continued(here, until)
    generate_later(there, AUGUST, later_files(JUNE, AUGUST), lambda _month: None, lambda _report: None)
    for name in later_files(JUNE, AUGUST):
        assert (here.out / name).read_bytes() == (there.out / name).read_bytes()
    assert {name: (here.out / name).read_bytes() for name in before} == before
    assert (here.out / "oracle.json").read_text() != (there.out / "oracle.json").read_text()  # it has a test file of July more
    assert later_files(JUNE, AUGUST) == ["train_2016-06.csv", "train_2016-07.csv", "test_2016-08.csv"]


def test_people_go_on_and_newcomers_have_ids_of_their_own() -> None:
    plain, longer = (Bank(2_000, Month(2016, 1), JUNE, 4, until=until) for until in (JUNE, AUGUST))
    assert (longer.people.customer_id[: len(plain.people)] == plain.people.customer_id).all()
    assert (np.diff(longer.people.customer_id) > 0).all()
    before, *_, july, august = longer.months()
    assert 15 < len(longer.people) - len(plain.people) < 25  # 4,700 a month of 956,645
    assert july.rows.who.max() >= len(plain.people)
    assert (np.isin(july.rows.who, august.rows.who)).mean() > 0.99
    assert longer.people.joined[len(plain.people) :].min() > longer.people.joined[before.rows.who].max() - 31
    both = np.isin(july.rows.who, before.rows.who)
    assert (july.rows.age[both].mean() - before.rows.age.mean()) > 0.3  # half a year later


def test_what_a_month_adds_follows_the_chances_written_before(tmp_path: Path) -> None:
    spec = first_bank(tmp_path, customers=8_000)
    written = pq.read_table(tmp_path / "propensity" / "2016-06.parquet")
    chances = np.array(written["propensity"].combine_chunks().flatten()).reshape(-1, 24).sum()
    report = continued(spec, JULY)
    *_, (_, may) = months_of(tmp_path / "train_ver2.csv")
    ((_, june),) = months_of(tmp_path / "train_2016-06.csv")
    added = additions_between(*customers_and_holdings(may), *customers_and_holdings(june))
    assert report.oracle[-1].month == "2016-06"
    assert np.bitwise_count(added).sum() == report.oracle[-1].additions == pytest.approx(chances, rel=0.05)
    assert 0.8 < report.oracle[-1].oracle / report.oracle[-1].ceiling < 0.97


def test_the_dirt_of_later_months_is_announced_beside_the_others(tmp_path: Path) -> None:
    spec = first_bank(tmp_path, dirty_share=0.02, propensity=False)
    before = json.loads((tmp_path / "dirty.json").read_text())["files"]
    for until in (JULY, AUGUST):
        continued(spec, until)
    after = json.loads((tmp_path / "dirty.json").read_text())["files"]
    assert {name: after[name] for name in before} == before
    assert set(after) == {*before, "train_2016-06.csv", "test_2016-07.csv", "train_2016-07.csv", "test_2016-08.csv"}
    with (tmp_path / "dirty" / "lines.csv").open(newline="") as listed:
        lines = list(csv.DictReader(listed))
    for name, months in after.items():
        told = sum(sum({**count["rows"], **count["values"]}.values()) for count in months.values())
        assert sum(row["file"] == name for row in lines) == told > 0


def test_a_file_of_another_origin_is_not_replaced(tmp_path: Path) -> None:
    spec = first_bank(tmp_path, propensity=False)
    (tmp_path / "train_2016-06.csv").write_text("the real one")
    with pytest.raises(InputError, match=r"train_2016-06\.csv was not generated, .*: move it away"):
        continued(spec, JULY)
    assert (tmp_path / "train_2016-06.csv").read_text() == "the real one"
    assert not (tmp_path / "test_2016-07.csv").exists()


def test_the_bank_begun_anew_leaves_no_later_file_but_those_of_others(tmp_path: Path) -> None:
    spec = first_bank(tmp_path / "used")
    continued(spec, JULY)
    (spec.out / "train_2016-05.csv").write_text("of the user")
    generate(replace(spec, seed=5))
    fresh = replace(spec, seed=5, out=tmp_path / "fresh")
    generate(fresh)
    assert {path.name for path in spec.out.iterdir()} == {path.name for path in fresh.out.iterdir()} | {"train_2016-05.csv"}
