import errno
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.features import month as month_maker
from santander.features.build import build_features
from santander.features.rows import feature_rows
from santander.ingest.ingestion import ingest
from santander.lake.lake import Lake
from santander.lake.staging import OF_FEATURES
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.months import Month, month_range
from santander.storage.places import names_in, whole_file
from tests.conftest import Bank
from tests.landing_files import landing_file, record

Row = dict[str, object]


def features(lake: Lake, month: Month) -> dict[int, Row]:
    return {row["customer_id"]: row for row in lake.read_months(FEATURES_TABLE, [month]).toArrow().to_pylist()}


@pytest.mark.plan
def test_a_row_holds_the_products_of_the_months_before_and_the_profile_of_the_month(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    lake = Lake(settings, session)
    current, debit = {"ind_cco_fin_ult1": "1"}, {"ind_recibo_ult1": "1"}
    lines = [
        record(1, "2015-01", **current),
        record(1, "2015-02", **current, **debit, tiprel_1mes="I", ind_actividad_cliente=" 0"),
        record(1, "2015-04", **debit, age=" 36", segmento="01 - TOP", canal_entrada="007"),
        record(2, "2015-04", **current),
    ]
    ingest(settings, lake, [landing_file(tmp_path / "a.csv", lines)])
    april = Month(2015, 4)
    build_features(lake, [april], months_per_commit=1)
    one, two = features(lake, april)[1], features(lake, april)[2]
    assert [one[f"holdings_lag_{lag}"] for lag in range(1, 6)] == [None, 1 << 2 | 1 << 23, 1 << 2, None, None]
    assert (one["owned"], one["months_known"], one["products_held"]) == (1 << 2 | 1 << 23, 2, None)
    assert (one["additions"], one["closures"], one["continuations"]) == (1, 0, 1)
    # the debit was added two months before April: two is binary 010
    assert [one[f"months_since_added_bit_{plane}"] for plane in range(3)] == [0, 1 << 23, 0]
    assert (one["age"], one["segment"], one["channel"], one["country"]) == (36, 1, 7, int("ES", 36))
    assert (one["relation_type_last"], one["was_active"]) == (None, None)  # no row in March
    assert (two["owned"], two["months_known"]) == (0, 0)
    assert (one["month_of_year"], one["season_sine"], one["season_cosine"]) == (4, 1.0, 0.0)


@pytest.fixture
def in_row_groups(bank: Bank, lake: Lake) -> Lake:
    """The customers of the small bank with 500 rows in a row group, so that a month can be dealt to several threads."""
    shutil.copytree(bank.lake.path(CUSTOMERS), lake.path(CUSTOMERS))
    for file in Path(lake.path(CUSTOMERS)).rglob("*.parquet"):
        pq.write_table(pq.ParquetFile(file).read(), file, row_group_size=500)
    return lake


@pytest.mark.plan
def test_tasks_of_workers_and_threads_of_this_process_make_the_same_table(
    in_row_groups: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, made = in_row_groups, []
    months = [month for month in lake.months(CUSTOMERS) if month != Month(2015, 9)]  # with a gap
    for has_workers, files_a_month in ((True, {1, 3}), (False, {3})):  # either engine can do both
        monkeypatch.setattr(Lake, "has_workers", has_workers)
        build_features(lake, months, months_per_commit=4, tasks=3)  # the last commit has one month, for all three tasks
        assert {len(files) for files in lake.files_by_month(FEATURES_TABLE).values()} == files_a_month
        made.append(sorted_rows(lake))
    present = lake.rows_by_month(CUSTOMERS)
    assert made[0].num_rows == sum(present[month] for month in months)
    assert made[0].equals(made[1])


def sorted_rows(lake: Lake) -> pa.Table:
    rows = lake.delta(FEATURES_TABLE).to_pyarrow_table()
    return rows.sort_by([("snapshot_date", "ascending"), ("customer_id", "ascending")])


@pytest.mark.plan
@pytest.mark.parametrize(("rows_per_task", "tasks", "files"), [(10**6, 1, 1), (10**6, 3, 3), (700, 1, 5)])
def test_as_many_tasks_share_a_month_as_there_are_or_as_its_rows_need(
    in_row_groups: Lake, settings: Settings, session: SparkSession, monkeypatch: pytest.MonkeyPatch,
    rows_per_task: int, tasks: int, files: int,
) -> None:  # fmt: skip
    chosen = settings.features.model_copy(update={"rows_per_task": rows_per_task})
    lake, month = Lake(settings.model_copy(update={"features": chosen}), session), max(in_row_groups.months(CUSTOMERS))
    monkeypatch.setattr(Lake, "has_workers", False)
    build_features(lake, [month], months_per_commit=1)
    whole = sorted_rows(lake)
    monkeypatch.setattr(Lake, "has_workers", True)
    build_features(lake, [month], months_per_commit=1, tasks=tasks)
    assert len(lake.files_by_month(FEATURES_TABLE)[month]) == files
    assert sorted_rows(lake).equals(whole)


def test_what_a_thread_raises_is_raised_and_nothing_is_left(in_row_groups: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, made = in_row_groups, feature_rows
    last = max(lake.months(CUSTOMERS))

    def failing(rows: pa.Table, month: Month, *known: object) -> pa.RecordBatch:
        if month == last and rows["customer_id"][0].as_py() != first:
            raise OSError(errno.ENOSPC, "the disk is full")
        return made(rows, month, *known)

    first = pq.ParquetFile(str(lake.files_by_month(CUSTOMERS)[last][0])).read(["customer_id"])["customer_id"][0].as_py()
    monkeypatch.setattr(month_maker, "feature_rows", failing)
    monkeypatch.setattr(Lake, "has_workers", False)
    with pytest.raises(OSError, match="the disk is full"):
        build_features(lake, [last - 1, last], months_per_commit=2, tasks=2)
    assert not lake.exists(FEATURES_TABLE) or not lake.months(FEATURES_TABLE)
    assert OF_FEATURES.folder not in names_in(lake.place)


@pytest.mark.plan
def test_last_relation_and_activity_are_those_of_the_month_before(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    lake = Lake(settings, session)
    lines = [record(1, "2015-01", tiprel_1mes="I", ind_actividad_cliente=" 0"), record(1, "2015-02")]
    ingest(settings, lake, [landing_file(tmp_path / "a.csv", lines)])
    build_features(lake, [Month(2015, 2)], months_per_commit=1)
    row = features(lake, Month(2015, 2))[1]
    assert (row["relation_type"], row["is_active"]) == (int("A", 36), True)
    assert (row["relation_type_last"], row["was_active"]) == (int("I", 36), False)


@pytest.mark.plan
def test_products_of_the_month_itself_never_matter(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    lake = Lake(settings, session)
    january = [record(i, "2015-01", ind_cco_fin_ult1=str(i % 2)) for i in range(1, 20)]
    seen = []
    for flag in ("0", "1"):
        february = [record(i, "2015-02", ind_cco_fin_ult1=flag, ind_recibo_ult1=flag) for i in range(1, 20)]
        ingest(settings, lake, [landing_file(tmp_path / f"{flag}.csv", january + february)])
        build_features(lake, [Month(2015, 2)], months_per_commit=1)
        seen.append(features(lake, Month(2015, 2)))
    assert seen[0] == seen[1]


@pytest.mark.plan
def test_a_month_alone_and_a_month_in_a_range_have_the_same_rows(bank: Bank, lake: Lake) -> None:
    shutil.copytree(bank.settings.lake, Path(lake.path(CUSTOMERS)).parent, dirs_exist_ok=True)
    months = month_range(Month(2015, 5), Month(2016, 6))
    in_range = {month: features(lake, month) for month in months[-2:]}
    versions_before = lake.version(FEATURES_TABLE)
    for month in months[-2:]:
        build_features(lake, [month], months_per_commit=1)
        assert features(lake, month) == in_range[month]
    assert lake.version(FEATURES_TABLE) == (versions_before or 0) + 2
    assert len(in_range[Month(2016, 5)]) == lake.rows_by_month(CUSTOMERS)[Month(2016, 5)]


@pytest.mark.plan
def test_only_the_months_of_the_window_are_read(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    lake = Lake(settings, session)
    lines = [record(1, str(month)) for month in month_range(Month(2015, 1), Month(2015, 8))]
    ingest(settings, lake, [landing_file(tmp_path / "a.csv", lines)])
    for unneeded in (Month(2015, 1), Month(2015, 8)):
        for file in Path(lake.path(CUSTOMERS), f"snapshot_date={unneeded.snapshot}").glob("*.parquet"):
            file.unlink()
    build_features(lake, [Month(2015, 7)], months_per_commit=1)
    assert features(lake, Month(2015, 7))[1]["months_known"] == 5


def test_a_month_without_customers_is_refused(bank: Bank) -> None:
    with pytest.raises(InputError, match="no customers for 2017-01"):
        build_features(bank.lake, [Month(2017, 1)], months_per_commit=1)


@pytest.mark.plan
def test_the_tasks_that_build_at_once_do_not_matter(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    lake = Lake(settings, session)
    months = month_range(Month(2015, 1), Month(2015, 5))
    lines = [record(i, str(month), ind_recibo_ult1=str(i % 2)) for month in months for i in range(1, 4 + month.number)]
    ingest(settings, lake, [landing_file(tmp_path / "a.csv", lines)])
    assert build_features(lake, months, months_per_commit=1) == lake.rows_by_month(CUSTOMERS)
    alone = {month: features(lake, month) for month in months}
    build_features(lake, months, months_per_commit=5, tasks=2)
    assert {month: features(lake, month) for month in months} == alone
    assert OF_FEATURES.folder not in names_in(lake.place)


def test_what_a_killed_build_left_is_removed(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    lake = Lake(settings, session)
    ingest(settings, lake, [landing_file(tmp_path / "a.csv", [record(1, "2015-01")])])
    left = settings.data / "lake" / OF_FEATURES.folder / "20200101T000000-dead" / "part"
    with whole_file(left) as file:
        file.write(b"rows")
    build_features(lake, [Month(2015, 1)], months_per_commit=1)
    assert OF_FEATURES.folder not in names_in(lake.place)
