"""Months of a bank: whole ones pass, broken ones are named in one line, recorded, and shown on pages without a customer."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.quality.declaration import suite
from santander.quality.report import CriticalRuleBroken
from santander.quality.validation import validate
from santander.schema.catalogue import CUSTOMERS, QUALITY
from santander.schema.months import Month
from tests.conftest import Bank
from tests.quality.rows import frame_of

MARCH = Month(2016, 3)


@pytest.fixture
def copied(bank: Bank, tmp_path: Path, session: SparkSession) -> Bank:
    """The small bank in a folder of its own, to be broken."""
    shutil.copytree(bank.settings.data / "lake", tmp_path / "lake")
    settings = Settings.load(data_dir=str(tmp_path))
    return Bank(settings, Lake(settings, session))


def rewrite(bank: Bank, month: Month, **columns: str) -> None:
    """Replace the month by its own rows with these columns computed anew."""
    rows = bank.lake.read_months(CUSTOMERS, [month]).toArrow().to_pylist()
    frame = frame_of(bank.lake.session, CUSTOMERS, rows)
    changed = [f"CAST({columns.get(name, name)} AS {type_}) AS {name}" for name, type_ in CUSTOMERS.columns]
    bank.lake.replace_months(CUSTOMERS, frame.selectExpr(*changed), {month: len(rows)})


def page(bank: Bank, name: str) -> str:
    return Path(bank.settings.data_dir, "quality", name).read_text(encoding="utf-8")


class Words(HTMLParser):
    """What a person sees of a page, and the addresses a browser would fetch or follow."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value for name, value in attrs if name in {"href", "src"} and value]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Addresses beyond this machine that anything tried to reach."""
    reached: list[Any] = []
    connect = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            reached.append(address)
            raise OSError("no network in this test")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    yield reached
    assert reached == []


def test_every_month_of_the_bank_passes_is_recorded_and_has_its_pages(copied: Bank, no_network: list[Any]) -> None:
    months = copied.lake.months(CUSTOMERS)
    report = validate(copied.settings, copied.lake, months)
    assert report.critical == []
    report.raise_if_critical()
    warned = {(str(w.month), w.rule) for w in report.warnings}
    assert ("2015-07", "rows_rise") in warned
    assert {month for month, rule in warned if rule == "seniority_frozen"} >= {"2015-01", "2015-02", "2015-03"}
    assert [row["passed"] for row in copied.lake.rows(QUALITY)].count(False) == len(report.warnings)
    assert len(copied.lake.rows(QUALITY)) == len(report.results)
    assert {result.table for result in report.results if result.month == months[0]} == {"customers", "features"}
    # nothing is judged that no rule is about, and every rule is judged somewhere
    declared = {(table, rule.name) for table in ("customers", "features") for rule in suite(table, copied.settings.quality)}
    assert {(result.table, result.rule) for result in report.results} == declared

    index = Words(page(copied, "index.html"))
    assert len([address for address in index.addresses if address.endswith(".html")]) == 2 * len(months)
    ids = {str(row["customer_id"]) for row in copied.lake.read(CUSTOMERS).select("customer_id").distinct().collect()}
    for month in months:
        for table in ("customers", "features"):
            shown = Words(page(copied, f"{table}/{month}.html"))
            text = " ".join(shown.text)
            judged = [result.rule for result in report.results if (result.month, result.table) == (month, table)]
            assert [rule for rule in judged if rule not in text] == []
            # counts are written with commas, an id would not be
            assert set(re.findall(r"(?<![0-9,.])[0-9]{5,}", text)) & ids == set()
            assert [address for address in shown.addresses if not address.startswith(("#", "../"))] == []


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"age": "age + 40"}, "age_mean"),
        ({"segment": "NULL"}, "segment_nulls"),
    ],
)
def test_a_broken_month_is_named_until_it_is_mended(copied: Bank, columns: dict[str, str], rule: str) -> None:
    before = copied.lake.read_months(CUSTOMERS, [MARCH]).toArrow().to_pylist()
    rewrite(copied, MARCH, **columns)
    report = validate(copied.settings, copied.lake, [MARCH - 1, MARCH, MARCH + 1], ["customers"])
    assert {result.month for result in report.critical} == {MARCH}
    with pytest.raises(CriticalRuleBroken, match=rf"2016-03 customers\.{rule}: [0-9,]+ offending") as raised:
        report.raise_if_critical()
    assert raised.value.exit_code == 2
    assert "\n" not in str(raised.value)
    (broken,) = [result for result in report.critical if result.rule == rule]
    assert broken.offending > 0.9 * len(before)
    (row,) = [row for row in copied.lake.rows(QUALITY) if (row["month"], row["rule"]) == ("2016-03", rule)]
    assert (row["table"], row["severity"], row["passed"], row["offending"]) == ("customers", "critical", False, broken.offending)
    assert row["table_version"] == copied.lake.version(CUSTOMERS)
    shown = Words(page(copied, "customers/2016-03.html"))
    assert "failed" in shown.text
    assert rule in shown.text
    others = [row for row in copied.lake.rows(QUALITY) if row["month"] != "2016-03"]

    copied.lake.replace_months(CUSTOMERS, frame_of(copied.lake.session, CUSTOMERS, before), {MARCH: len(before)})
    assert validate(copied.settings, copied.lake, [MARCH], ["customers"]).critical == []
    rows = copied.lake.rows(QUALITY)
    assert [row for row in rows if row["month"] == "2016-03" and not row["passed"]] == []
    assert sorted(others, key=str) == sorted((row for row in rows if row["month"] != "2016-03"), key=str)
    assert "failed" not in Words(page(copied, "customers/2016-03.html")).text


@pytest.mark.embedded
def test_the_verb_shows_what_it_found_and_ends_with_one_line(copied: Bank) -> None:
    rewrite(copied, MARCH, age="age + 40")
    command = [Path(sys.executable).with_name("santander"), "--json", "validate", "--data-dir", copied.settings.data_dir]
    options = ["--master", "sail", "--from", "2016-02", "--to", "2016-03"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["data_docs"] == f"{copied.settings.data_dir}/quality/index.html"
    assert list(found["months"]) == ["2016-02", "2016-03"]
    assert found["months"]["2016-02"] == {"passed": True, "critical": [], "warnings": []}
    assert found["months"]["2016-03"]["passed"] is False
    assert "age_mean" in {broken["rule"] for broken in found["months"]["2016-03"]["critical"]}
    told = [line for line in done.stderr.splitlines() if " INFO " not in line and " WARNING " not in line]
    assert len(told) == 1
    assert told[0].startswith("error: validation failed: 2016-03 customers.age_mean: ")
