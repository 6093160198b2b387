"""A month of which something is missing is not judged on: real Delta tables of a small bank, copied and damaged."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from deltalake import DeltaTable, write_deltalake

from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.lake.table_schema import OutdatedTable
from santander.registry.contest import month_to_judge
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, Table
from santander.schema.months import Month
from tests.conftest import Bank

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

pytestmark = pytest.mark.embedded

MAY = Month(2016, 5)


def never(_: "DataFrame") -> "DataFrame":
    raise AssertionError("features of a damaged month were asked for")


@pytest.fixture
def damaged(bank: Bank, tmp_path: Path) -> Lake:
    """A copy of the bank's tables that a test may damage."""
    for name in ("customers", "features", "step_runs"):
        shutil.copytree(bank.settings.data / "lake" / name, tmp_path / "data" / "lake" / name)
    return Lake(Settings.load(data_dir=str(tmp_path / "data")), bank.lake.session)


@pytest.mark.parametrize(
    ("table", "predicate", "complaint"),
    [
        (FEATURES_TABLE, "snapshot_date = '2016-05-28'", "additions of 2016-05 are not known: .*known are 2015-02 to 2016-04"),
        (FEATURES_TABLE, "snapshot_date = '2016-05-28' AND customer_id % 7 = 0", "features of 2016-05 are out of date"),
        (CUSTOMERS, "snapshot_date = '2016-05-28'", "additions of 2016-05 are not known"),
        (CUSTOMERS, "snapshot_date = '2016-04-28'", "additions of 2016-05 are not known"),
        (CUSTOMERS, "snapshot_date = '2016-05-28' AND customer_id % 7 = 0", "features of 2016-05 are out of date"),
        (CUSTOMERS, "snapshot_date = '2016-04-28' AND customer_id % 7 = 0", "features of 2016-05 are out of date"),
    ],
)
def test_a_month_with_missing_rows_is_refused(damaged: Lake, table: Table, predicate: str, complaint: str) -> None:
    DeltaTable(damaged.path(table)).delete(predicate)
    with pytest.raises(InputError, match=complaint):
        month_to_judge(damaged, never, MAY)


def test_a_table_without_a_feature_is_refused(damaged: Lake) -> None:
    table = DeltaTable(damaged.path(FEATURES_TABLE))
    kept = table.to_pyarrow_table().drop_columns(["seniority_months"])
    write_deltalake(table, kept, mode="overwrite", schema_mode="overwrite", partition_by=["snapshot_date"])
    with pytest.raises(OutdatedTable, match="lacks seniority_months"):
        month_to_judge(damaged, never, MAY)
