"""The tables of a data folder as each library has them, opened in two lines."""

import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander import open_lake
from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.lake.open_lake import OpenLake
from santander.schema.catalogue import ADDITIONS, ALERTS
from santander.schema.months import Month
from tests.conftest import Bank
from tests.own_families import ACTIVITY, active, break_a_file
from tests.s3_server import s3_server

MAY, JUNE = Month(2016, 5), Month(2016, 6)
ROWS = [
    {"customer_id": 1, "snapshot_date": MAY.snapshot, "product": "loan"},
    {"customer_id": 1, "snapshot_date": MAY.snapshot, "product": "payroll"},
    {"customer_id": 2, "snapshot_date": JUNE.snapshot, "product": "loan"},
]
MASKS = """
SELECT a.product, p.mask, count(*) AS n FROM additions a JOIN products p ON a.product = p.product
GROUP BY a.product, p.mask ORDER BY a.product"""


@pytest.fixture
def opened(tmp_path: Path) -> OpenLake:
    folder = tmp_path / "a bank, [2] #é %41"
    Lake(Settings.load(data_dir=str(folder))).append_rows(ADDITIONS, ROWS)
    return open_lake(str(folder))


def in_order(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: (row["customer_id"], row["product"]))


def test_each_library_has_the_rows_of_a_table(opened: OpenLake) -> None:
    assert opened.tables == ["additions", "products"]
    assert in_order(opened.arrow("additions").to_pylist()) == ROWS
    assert in_order(opened.polars("additions").collect().to_dicts()) == ROWS
    assert in_order(opened.duckdb("additions").to_arrow_table().to_pylist()) == ROWS
    assert in_order(opened.sql("SELECT * FROM additions").pl().to_dicts()) == ROWS
    frame = opened.pandas("additions")
    assert sorted(frame[frame.snapshot_date == "2016-05-28"]["product"]) == ["loan", "payroll"]


@pytest.mark.plan
def test_the_engine_has_them_too_and_a_query_finds_every_table(opened: OpenLake, session: SparkSession) -> None:
    with opened as lake:
        assert in_order(lake.spark("additions").toArrow().to_pylist()) == ROWS
        assert lake.spark_sql(MASKS).collect() == opened.sql(MASKS).fetchall() == [("loan", 1 << 16, 2), ("payroll", 1 << 21, 1)]


@pytest.mark.plan
def test_the_table_of_a_family_is_one_of_them_whatever_its_file_is(
    opened: OpenLake, session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_a_file(monkeypatch, tmp_path / "conf")
    (row,) = rows = active([7], MAY)
    Lake(Settings.load(data_dir=str(tmp_path / "a bank, [2] #é %41"))).append_rows(ACTIVITY.table, rows)
    name = "features_activity"
    assert opened.tables == ["additions", name, "products"]
    assert opened.arrow(name, month="2016-05").to_pylist() == opened.polars(name).collect().to_dicts() == [row]
    assert opened.pandas(name).months_active.tolist() == [1]
    assert opened.sql("SELECT customer_id FROM features_activity").fetchall() == [(7,)]
    assert opened.duckdb(name).project("customer_id").fetchall() == [(7,)]
    with opened as lake:
        assert lake.spark(name).toArrow().to_pylist() == [row]


def test_columns_and_a_month_are_read_alone(opened: OpenLake) -> None:
    assert opened.arrow("additions", columns=["product"], month="2016-06").to_pylist() == [{"product": "loan"}]
    assert len(opened.pandas("additions", month="2016-05")) == 2


def test_it_reads_the_latest_version_each_time(opened: OpenLake, tmp_path: Path) -> None:
    counted = [opened.sql("SELECT count(*) FROM additions").fetchall()]
    folder = next(tmp_path.iterdir())
    Lake(Settings.load(data_dir=str(folder))).append_rows(ADDITIONS, [ROWS[0] | {"customer_id": 3}])
    counted.append(opened.sql("SELECT count(*) FROM additions").fetchall())
    assert counted == [[(3,)], [(4,)]]


def test_a_process_ends_well_after_a_query_that_did_not_read_everything(bank: Bank) -> None:
    code = (
        "import sys; from santander import open_lake; print(len(open_lake(sys.argv[1]).duckdb('customers').limit(1).fetchall()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, bank.settings.data_dir], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_tables_in_a_bucket_open_in_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server(tmp_path / "s3") as server:
        server.make_bucket("lakes")
        server.reach(monkeypatch)
        monkeypatch.setenv("SANTANDER_STATE_DIR", str(tmp_path / "state"))
        Lake(Settings.load(data_dir="s3a://lakes/bank")).append_rows(ADDITIONS, ROWS)
        lake = open_lake("s3a://lakes/bank")
        assert in_order(lake.duckdb("additions").to_arrow_table().to_pylist()) == ROWS
        assert lake.arrow("additions", month="2016-06").num_rows == 1


def test_what_is_not_there_is_named_with_what_is(opened: OpenLake, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no table 'addition' in .*/lake \(unknown\): did you mean additions?"):
        opened.pandas("addition")
    with pytest.raises(InputError, match=r"no table 'customers' in .* \(not written yet, the step that makes it comes first\)"):
        opened.spark("customers")
    with pytest.raises(InputError, match=r"no 2017-01 in additions: there are 2016-05, 2016-06$"):
        opened.arrow("additions", month="2017-01")
    with pytest.raises(InputError, match=r"no column age in additions: there are customer_id, snapshot_date, product$"):
        opened.pandas("additions", columns=["age", "product"])
    with pytest.raises(InputError, match=r"nothing holds no tables: 'santander run --data-dir .*nothing' makes them"):
        open_lake(str(tmp_path / "nothing"))
    Lake(Settings.load(data_dir=str(tmp_path / "other"))).append_rows(ALERTS, [{"kind": "a"}])
    with pytest.raises(InputError, match="alerts is not kept by month"):
        open_lake(str(tmp_path / "other")).arrow("alerts", month="2016-05")


def test_without_polars_the_other_libraries_are_named(opened: OpenLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(InputError, match="Polars is not installed here: install the package polars, or ask by pandas"):
        opened.polars("additions")


def test_importing_the_package_imports_no_library() -> None:
    heavy = "deltalake, duckdb, numpy, pandas, polars, pyarrow, pydantic, pyspark"
    code = f"import sys, santander; sys.exit(bool({{*'{heavy}'.split(', ')}} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
