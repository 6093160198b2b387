"""Nulls by month are those that the rows have, wherever they are written down."""

import shutil
from pathlib import Path

import pyarrow.compute as pc
import pytest
from deltalake import ColumnProperties, DeltaTable, WriterProperties, write_deltalake

from santander.config.settings import Settings
from santander.lake.column_nulls import nulls_by_month
from santander.lake.lake import Lake
from santander.lake.past import as_of
from santander.schema.catalogue import CUSTOMERS
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.months import Month
from tests.conftest import Bank

COLUMNS = [*(column.name for column in PROFILE_COLUMNS[2:]), "holdings"]
"""Those that anybody asks for."""


def counted(lake: Lake) -> dict[Month, tuple[int, dict[str, int | None]]]:
    return {month: (found.rows, found.nulls) for month, found in nulls_by_month(lake, CUSTOMERS, COLUMNS).items()}


def in_the_rows(lake: Lake) -> dict[Month, tuple[int, dict[str, int | None]]]:
    rows = lake.delta(CUSTOMERS).to_pyarrow_table()
    found = {}
    for month in lake.months(CUSTOMERS):
        of_month = rows.filter(pc.field("snapshot_date") == month.snapshot)
        found[month] = (of_month.num_rows, {name: of_month[name].null_count for name in COLUMNS})
    return found


def test_of_a_bank_as_it_was_ingested(bank: Bank) -> None:
    found = counted(bank.lake)
    assert found == in_the_rows(bank.lake)
    assert found[Month(2016, 6)][1]["holdings"] == found[Month(2016, 6)][0]
    assert found[Month(2016, 5)][1]["holdings"] == 0


@pytest.mark.parametrize("footers", ["NONE", "CHUNK"])
def test_what_no_file_says_is_not_made_up(bank: Bank, tmp_path: Path, footers: str) -> None:
    rows = bank.lake.delta(CUSTOMERS).to_pyarrow_table()
    lake = Lake(Settings.load(data_dir=str(tmp_path)))
    properties = WriterProperties(default_column_properties=ColumnProperties(statistics_enabled=footers))  # type: ignore[arg-type]
    write_deltalake(
        lake.path(CUSTOMERS), rows, partition_by=["snapshot_date"], writer_properties=properties,
        configuration={"delta.dataSkippingStatsColumns": "customer_id"},
    )  # fmt: skip
    assert "null_count.age" not in DeltaTable(lake.path(CUSTOMERS)).get_add_actions(flatten=True).schema.names
    found = counted(lake)
    if footers == "NONE":
        assert {n for _, nulls in found.values() for n in nulls.values()} == {None}
    else:
        assert found == in_the_rows(bank.lake)


def test_only_the_months_asked_for(bank: Bank) -> None:
    months = [Month(2016, 1), Month(2020, 1)]
    assert list(nulls_by_month(bank.lake, CUSTOMERS, ["age"], months)) == months[:1]


def test_without_a_table_there_are_none(settings: Settings) -> None:
    assert nulls_by_month(Lake(settings), CUSTOMERS, ["age"]) == {}


def test_of_tables_as_they_were_only_the_months_that_are_read(bank: Bank, settings: Settings) -> None:
    lake = Lake(settings)
    shutil.copytree(bank.lake.path(CUSTOMERS), lake.path(CUSTOMERS))
    april, may = Month(2016, 4), Month(2016, 5)
    past = as_of(lake, {CUSTOMERS: lake.version(CUSTOMERS) or 0}, [april, may])
    for file in lake.files_by_month(CUSTOMERS)[Month(2016, 3)]:
        file.unlink()  # type: ignore[union-attr]
    assert list(nulls_by_month(past, CUSTOMERS, ["holdings"])) == [april, may]
