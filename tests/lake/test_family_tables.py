"""Tables of families are known by what lies in the lake."""

import datetime as dt
from pathlib import Path

from santander.config.settings import Settings
from santander.lake.family_tables import all_tables, family_tables
from santander.lake.lake import Lake
from santander.schema.catalogue import TABLES
from santander.schema.features import Range
from santander.schema.own_family import Entity, Language, OwnFamily, OwnFeature


def test_a_table_of_a_family_is_known_by_what_it_holds_without_its_file(tmp_path: Path) -> None:
    lake = Lake(Settings.load(data_dir=str(tmp_path)))
    assert all_tables(lake) == TABLES
    feature = OwnFeature("months_active", "smallint", "activity", "Months", Range(0, 5, "0 to 5"))
    family = OwnFamily("activity", Entity.CUSTOMER, 5, "Active", (feature,), Language.SQL, "SELECT 1", tmp_path / "activity.sql")
    lake.append_rows(family.table, [{"customer_id": 1, "snapshot_date": dt.date(2016, 1, 28), "months_active": 3}])
    (tmp_path / "lake" / "features_nothing").mkdir()
    (found,) = family_tables(lake)
    assert (found.name, found.key, found.columns) == (family.table.name, family.table.key, family.table.columns)
    assert lake.rows(found) == [{"customer_id": 1, "snapshot_date": dt.date(2016, 1, 28), "months_active": 3}]
    assert all_tables(lake) == (*TABLES, found)
