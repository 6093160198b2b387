"""Months whose landing files would be read by other rules now: `status` lists them, `run` reads them anew where it can."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.cli.verbs.status import _remarks
from santander.config.settings import Settings
from santander.ledger.versions import STEPS, version_of
from santander.pipeline.status import look
from santander.pipeline.steps import Steps
from santander.schema.months import Month
from tests.landing_files import landing_file, record
from tests.ledger.test_versions import copied, counted_in

JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)


@pytest.fixture(autouse=True)
def _versions_anew() -> Iterator[None]:
    version_of.cache_clear()
    yield
    version_of.cache_clear()


def change_a_rule(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in STEPS:
        copied(package, step)
    columns = package / "schema" / "columns.py"
    changed = columns.read_text().replace("HIGHEST_AGE = 164", "HIGHEST_AGE = 120")
    assert changed != columns.read_text()
    columns.write_text(changed)
    counted_in(package, monkeypatch)


def out_of_date(settings: Settings) -> dict[Month, tuple[str, ...]]:
    return {month: overview.stale for month, overview in look(settings).months.items() if overview.stale}


@pytest.mark.embedded
def test_a_changed_rule_puts_months_out_of_date_until_their_file_is_read_anew(
    settings: Settings, session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = landing_file(tmp_path / "two months.csv", [record(i, month) for month in ("2015-01", "2015-02") for i in range(1, 41)])
    other = landing_file(tmp_path / "march.csv", [record(i, "2015-03") for i in range(1, 41)])
    Steps(settings, session).ingest_new([file])
    assert (out_of_date(settings), _remarks(look(settings))) == ({}, [])

    change_a_rule(tmp_path / "package", monkeypatch)
    assert out_of_date(settings) == {JANUARY: ("customers",), FEBRUARY: ("customers",)}
    why = "customers of 2015-01 to 2015-02 were read by other rules or settings of ingest than there are now"
    remedy = f"'santander ingest '{file}' --data-dir {settings.data_dir}' reads them anew"
    assert [str(line) for line in _remarks(look(settings))] == [f"{why}; {remedy}"]

    left = Steps(settings, session).ingest_new([other])
    assert (left.done, left.result.lines()) == ([Month(2015, 3)], [f"left as they are: {why}; {remedy}"])
    assert list(out_of_date(settings)) == [JANUARY, FEBRUARY]

    elsewhere = file.rename(tmp_path / "moved.csv")
    gone = Steps(settings, session).ingest_new([])
    assert (gone.done, gone.up_to_date) == ([], [JANUARY, FEBRUARY, Month(2015, 3)])
    assert gone.result.lines() == [
        f"left as they are: {why}; {file} is no longer there: 'santander ingest' reads a copy of it anew"
    ]

    anew = Steps(settings, session).ingest_new([elsewhere])
    assert (anew.done, out_of_date(settings)) == ([JANUARY, FEBRUARY], {})
    assert anew.result.lines()[0] == "2015-01 to 2015-02: read anew, as the rules or settings of ingest changed since"


@pytest.mark.embedded
def test_other_settings_of_ingest_count_and_a_correction_is_no_reading_anew(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    whole = landing_file(tmp_path / "whole.csv", [record(i) for i in range(1, 41)])
    corrected = landing_file(tmp_path / "corrected.csv", [record(i) for i in range(2, 41)])
    Steps(settings, session).ingest_new([whole])
    stricter = Settings.load(data_dir=settings.data_dir, ingest={"max_quarantine_share": 0.005})
    assert out_of_date(stricter) == {JANUARY: ("customers",)}
    assert out_of_date(settings) == {}
    replaced = Steps(stricter, session).ingest_new([corrected])
    assert (replaced.done, out_of_date(stricter)) == ([JANUARY], {})
    assert replaced.result.lines() == ["2015-01: 39 rows replace 40; 1 customer is gone"]
