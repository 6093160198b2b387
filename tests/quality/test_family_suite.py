"""The rules of a family's table follow from its file, and are kept and reported like all others."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.quality.validation import validate
from santander.schema.catalogue import CUSTOMERS, QUALITY
from santander.schema.months import Month
from tests.own_families import ACTIVITY, BY_PROVINCE, active, break_a_file, declare, of_provinces

MAY = Month(2016, 5)
Rows = list[dict[str, Any]]


@pytest.fixture
def families(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Four customers, and the tables of both families as they should be."""
    declare(monkeypatch, tmp_path / "conf", ACTIVITY, BY_PROVINCE)
    lake.append_rows(CUSTOMERS, [{"customer_id": n, "snapshot_date": MAY.snapshot} for n in range(1, 5)])
    write(lake, active(range(1, 5), MAY), of_provinces([28, 8], MAY))
    return lake


def write(lake: Lake, activity: Rows, provinces: Rows) -> None:
    lake.overwrite_rows(ACTIVITY.table, activity)
    lake.overwrite_rows(BY_PROVINCE.table, provinces)


def broken(settings: Settings, lake: Lake) -> set[tuple[str, str, int]]:
    report = validate(settings, lake, [MAY], [ACTIVITY.table.name, BY_PROVINCE.table.name])
    return {(result.table.removeprefix("features_"), result.rule, result.offending) for result in report.critical}


@pytest.mark.plan
def test_rules_hold_of_sound_tables_and_the_shares_of_nulls_are_kept(families: Lake, settings: Settings) -> None:
    write(families, [*active([1, 2, 3], MAY), *active([4], MAY, months_active=None)], of_provinces([28], MAY))
    report = validate(settings, families, [MAY], [ACTIVITY.table.name, BY_PROVINCE.table.name])
    assert (report.critical, report.warnings) == ([], [])
    kept = {(row["table"], row["rule"]): row["detail"] for row in families.rows(QUALITY)}
    assert kept["features_activity", "months_active_nulls"].startswith("25.00% null (1 rows)")
    assert {rule for table, rule in kept if table == "features_activity"} == {
        "schema", "key_known", "key_unique", "rows_as_customers", "without_row", "months_active_range", "share_active_range",
        "months_active_nulls", "share_active_nulls", "ever_active_nulls",
    }  # fmt: skip
    assert (Path(report.data_docs) / "features_by_province" / "2016-05.html").is_file()


WRONG: dict[str, tuple[Callable[[Rows, Rows], object], set[tuple[str, str, int]]]] = {
    "above its range": (lambda rows, _: rows[0].update(months_active=3), {("activity", "months_active_range", 1)}),
    "no number": (lambda rows, _: rows[0].update(share_active=float("nan")), {("activity", "share_active_range", 1)}),
    "a customer without a row": (
        lambda rows, _: rows.pop(),
        {("activity", "without_row", 1), ("activity", "rows_as_customers", 1)},
    ),
    "nobody's row": (
        lambda rows, _: rows[0].update(customer_id=99),
        {("activity", "without_row", 1)},
    ),
    "a row twice": (
        lambda rows, _: rows.append(rows[0]),
        {("activity", "key_unique", 1), ("activity", "rows_as_customers", 1)},
    ),
    "a province twice": (lambda _, rows: rows.append(rows[0]), {("by_province", "key_unique", 1)}),
    "no province": (lambda _, rows: rows[0].update(province_code=None), {("by_province", "key_known", 1)}),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_rows_is_critical(families: Lake, settings: Settings, what: str) -> None:
    change, found = WRONG[what]
    # two values: a column of one value and NaN the embedded engine reads as that value alone
    activity = [*active([1, 2, 3], MAY), *active([4], MAY, share_active=0.25)]
    provinces = of_provinces([28, 8], MAY)
    change(activity, provinces)
    write(families, activity, provinces)
    assert broken(settings, families) == found


def test_a_step_validates_anew_when_rows_or_ranges_have_changed(
    families: Lake, settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    def steps() -> list[Month]:
        return Steps(settings, session).validate(ACTIVITY.table, [MAY]).done

    assert (steps(), steps()) == ([MAY], [])
    write(families, active(range(1, 5), MAY, months_active=2), of_provinces([28, 8], MAY))
    assert (steps(), steps()) == ([MAY], [])
    file = tmp_path / "conf" / "features" / "activity.sql"
    file.write_text(file.read_text().replace("smallint [0, 2]", "smallint [0, 1]"))
    with pytest.raises(InputError, match=r"2016-05 features_activity\.months_active_range: 4 offending of 4"):
        steps()


def test_a_table_whose_file_is_gone_or_declares_other_columns_is_passed_over_with_a_warning(
    families: Lake, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "conf" / "features"
    (folder / "by_province.sql").unlink()
    file = folder / "activity.sql"
    file.write_text(file.read_text().replace("ever_active", "once_active"))
    with caplog.at_level(logging.WARNING):
        assert broken(settings, families) == set()
    assert [record.getMessage().partition(", as ")[0] for record in caplog.records] == [
        "features_activity: not validated",
        "features_by_province: not validated",
    ]
    assert "'santander features --family activity' makes it anew" in caplog.text


def test_a_broken_file_stops_no_validation_of_other_tables(
    families: Lake, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_a_file(monkeypatch, tmp_path / "broken")
    assert validate(settings, families, [MAY], [CUSTOMERS.name]).table_versions["customers"]
    with pytest.raises(InputError, match="unknown entity 'nobody'"):
        validate(settings, families, [MAY])
