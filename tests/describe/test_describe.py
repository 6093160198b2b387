"""The table ``month_profiles``, held against counts in plain Python, on either engine."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.describe.columns import COLUMNS
from santander.describe.profile_rows import QUANTILES
from santander.forget.forget import forget
from santander.forget.search import search
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, MONTH_PROFILES, RECOMMENDATIONS
from santander.schema.months import Month
from santander.suppression.spellings import sorted_ids
from tests.landing_files import landing_file, record

JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)
OF_JANUARY: dict[int, dict[str, str]] = {
    101: {"age": " 19", "segmento": "03 - UNIVERSITARIO", "ind_recibo_ult1": "1"},
    102: {"age": " 20", "segmento": "01 - TOP", "canal_entrada": "KAT"},
    103: {"age": " NA", "segmento": "", "ind_nuevo": " 1", "renta": "NA"},
    104: {"age": " 66", "ind_actividad_cliente": " 0", "canal_entrada": ""},
}
OF_FEBRUARY: dict[int, dict[str, str]] = {
    102: {"age": " 20", "segmento": "01 - TOP", "canal_entrada": "KHL"},
    103: {"age": " 33", "segmento": "", "renta": "100000"},
    104: {"age": " 67", "ind_actividad_cliente": " 0", "canal_entrada": "KHL", "ind_recibo_ult1": "1"},
    105: {"age": " 40"},
}
SLICES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "all": lambda _: True,
    "new": lambda row: row["is_new"],
    "active": lambda row: row["is_active"],
    "segment unknown": lambda row: row["segment"] is None,
    "segment top": lambda row: row["segment"] == "01 - TOP",
    "segment individuals": lambda row: row["segment"] == "02 - PARTICULARES",
    "segment students": lambda row: row["segment"] == "03 - UNIVERSITARIO",
    "age 0-19": lambda row: row["age"] is not None and row["age"] <= 19,
    "age 20-25": lambda row: row["age"] is not None and 20 <= row["age"] <= 25,
    "age 26-35": lambda row: row["age"] is not None and 26 <= row["age"] <= 35,
    "age 36-50": lambda row: row["age"] is not None and 36 <= row["age"] <= 50,
    "age 51-65": lambda row: row["age"] is not None and 51 <= row["age"] <= 65,
    "age 66+": lambda row: row["age"] is not None and row["age"] >= 66,
    "age unknown": lambda row: row["age"] is None,
}


@pytest.fixture
def steps(settings: Settings, session: SparkSession, tmp_path: Path) -> Steps:
    """Two months of a few customers, ingested and with features."""
    steps = Steps(settings, session)
    for month, rows in ((JANUARY, OF_JANUARY), (FEBRUARY, OF_FEBRUARY)):
        lines = [record(who, str(month), **fields) for who, fields in rows.items()]
        steps.ingest([landing_file(tmp_path / f"{month}.csv", lines)])
    steps.build_features([JANUARY, FEBRUARY], anyway=True)
    return steps


def profiles(lake: Lake, month: Month, table: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of a month of a table by column and slice."""
    rows = [row for row in lake.rows(MONTH_PROFILES) if row["snapshot_date"] == month.snapshot and row["table"] == table]
    found = {(row["column"], row["slice"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def customers(lake: Lake, month: Month) -> dict[int, dict[str, Any]]:
    return {row["customer_id"]: row for row in lake.rows(CUSTOMERS) if row["snapshot_date"] == month.snapshot}


@pytest.mark.plan
def test_customers_are_counted_in_each_slice_and_held_against_the_month_before(steps: Steps) -> None:
    steps.describe(CUSTOMERS, [JANUARY, FEBRUARY], anyway=False)
    before, now = (customers(steps.lake, month) for month in (JANUARY, FEBRUARY))
    found = profiles(steps.lake, FEBRUARY, CUSTOMERS.name)
    expected = set()
    for name, holds in SLICES.items():
        mine = {who: row for who, row in now.items() if holds(row)}
        for column in ("age", "channel", "is_active", "segment"):
            if not mine:
                continue
            expected.add((column, name))
            row = found[column, name]
            known = [each[column] for each in mine.values() if each[column] is not None]
            text = Counter(str(value).lower() if isinstance(value, bool) else str(value) for value in known)
            assert (row["rows"], row["nulls"]) == (len(mine), len(mine) - len(known))
            assert dict(zip(row["values"], row["counts"], strict=True)) == text
            both = [
                (before[who][column], each[column])
                for who, each in mine.items()
                if who in before and before[who][column] is not None and each[column] is not None
            ]
            assert (row["compared"], row["changed"]) == (len(both), sum(one != other for one, other in both))
    assert {key for key in found if key[0] in ("age", "channel", "is_active", "segment")} == expected
    assert {column for column, _ in found} == set(COLUMNS[CUSTOMERS])
    held = found["holdings", "all"]
    assert dict(zip(held["values"], held["counts"], strict=True)) == {"direct_debit": 1}
    assert (held["compared"], held["changed"]) == (3, 1)
    assert profiles(steps.lake, JANUARY, CUSTOMERS.name)["age", "all"]["compared"] is None  # there is no month before it


def test_numbers_have_quantiles_and_ranges_and_features_the_slices_of_their_customers(steps: Steps) -> None:
    for table in (CUSTOMERS, FEATURES_TABLE):
        steps.describe(table, [FEBRUARY], anyway=False)
    income = profiles(steps.lake, FEBRUARY, CUSTOMERS.name)["household_income", "all"]
    assert income["values"] == ["81920", "98304"]  # 87,218 and 100,000
    assert income["counts"] == [3, 1]
    assert income["quantiles"] == [81920.0] * 5 + [98304.0] * 2
    assert len(QUANTILES) == 7
    found = profiles(steps.lake, FEBRUARY, FEATURES_TABLE.name)
    assert {column for column, _ in found} == set(COLUMNS[FEATURES_TABLE])
    assert found["age", "age 66+"]["counts"] == [1]
    assert found["months_known", "segment unknown"]["values"] == ["1"]
    lag = found["holdings_lag_1", "all"]
    assert (lag["rows"], lag["nulls"], lag["quantiles"]) == (4, 1, None)


def test_what_is_described_as_it_is_stays_and_a_corrected_month_is_described_again(steps: Steps, tmp_path: Path) -> None:
    for table in (CUSTOMERS, FEATURES_TABLE):
        assert steps.describe(table, [JANUARY, FEBRUARY], anyway=False).done == [JANUARY, FEBRUARY]
    assert steps.describe(CUSTOMERS, [JANUARY, FEBRUARY], anyway=False).up_to_date == [JANUARY, FEBRUARY]
    assert steps.describe(CUSTOMERS, [JANUARY], anyway=True).done == [JANUARY]
    features = profiles(steps.lake, JANUARY, FEATURES_TABLE.name)
    lines = [record(who, str(JANUARY), **fields) for who, fields in (OF_JANUARY | {109: {"age": " 70"}}).items()]
    steps.ingest([landing_file(tmp_path / "corrected.csv", lines)])
    assert steps.describe(CUSTOMERS, [JANUARY, FEBRUARY], anyway=False).done == [JANUARY, FEBRUARY]  # it is compared with it
    assert profiles(steps.lake, JANUARY, CUSTOMERS.name)["age", "all"]["rows"] == 5
    assert profiles(steps.lake, JANUARY, FEATURES_TABLE.name) == features
    assert steps.describe(RECOMMENDATIONS, [JANUARY], anyway=False).done == []


def test_a_forgotten_customer_is_in_no_figure(steps: Steps) -> None:
    for table in (CUSTOMERS, FEATURES_TABLE):
        steps.describe(table, [JANUARY, FEBRUARY], anyway=False)
    gone = sorted_ids([101])
    forget(steps.settings, gone, dry_run=False, landing=[])
    lake = Lake(steps.settings)
    assert lake.months(MONTH_PROFILES) == [FEBRUARY]
    assert search(steps.settings, gone, []).traces == []
    steps = Steps(steps.settings, steps.lake.session)
    assert steps.describe(CUSTOMERS, [JANUARY, FEBRUARY], anyway=False).done == [JANUARY, FEBRUARY]
    assert profiles(steps.lake, JANUARY, CUSTOMERS.name)["age", "all"]["rows"] == 3
