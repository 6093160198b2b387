"""Who was champion before whom, from rows written by hand."""

import dataclasses
import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.lake.table_schema import OutdatedTable
from santander.registry.decisions import DecisionRow, line_of_champions, refuse_outdated_table
from santander.schema.catalogue import PROMOTIONS
from santander.schema.types import arrow_type


def row(action: str, before: int | None, after: int, *, is_promoted: bool) -> DecisionRow:
    at = dt.datetime(2016, 6, 1, tzinfo=dt.UTC)
    return DecisionRow(at, "model", action, after, "a run", is_promoted, "written by hand", before, after)


def promoted(before: int | None, after: int, action: str = "gate") -> DecisionRow:
    return row(action, before, after, is_promoted=True)


def refused(version: int, champion: int) -> DecisionRow:
    return dataclasses.replace(row("gate", champion, champion, is_promoted=False), version=version)


def back(before: int, after: int) -> DecisionRow:
    return promoted(before, after, "rollback")


@pytest.mark.parametrize(
    ("rows", "current", "line"),
    [
        ([], 4, [4]),
        ([promoted(None, 1, "first"), promoted(1, 2), refused(3, 2), promoted(2, 4)], 4, [1, 2, 4]),
        ([promoted(None, 1), promoted(1, 2), promoted(2, 3), back(3, 2)], 2, [1, 2]),
        ([promoted(None, 1), promoted(1, 2), promoted(2, 3), back(3, 2), back(2, 1)], 1, [1]),
        ([promoted(None, 1), promoted(1, 2), promoted(2, 3), back(3, 2), promoted(2, 4)], 4, [1, 2, 4]),
        ([promoted(None, 1), promoted(1, 2), promoted(2, 1, "override")], 1, [1, 2, 1]),
        ([promoted(None, 1), promoted(1, 2), promoted(2, 1, "override"), back(1, 2)], 2, [1, 2]),
    ],
)
def test_promotions_add_and_rollbacks_take_away(rows: list[DecisionRow], current: int, line: list[int]) -> None:
    assert line_of_champions(rows, current) == line


def test_a_decision_whose_alias_never_moved_does_not_count() -> None:
    died = [promoted(None, 1), promoted(1, 2)]
    assert line_of_champions(died, 1) == [1]
    assert line_of_champions([*died, promoted(1, 3)], 3) == [1, 3]
    assert line_of_champions([*died, promoted(2, 3), back(3, 2)], 3) == [1, 2, 3]


def test_an_alias_that_was_moved_by_hand_counts() -> None:
    rows = [promoted(None, 1), promoted(1, 2)]
    assert line_of_champions(rows, 9) == [1, 2, 9]
    assert line_of_champions([*rows, promoted(9, 10)], 10) == [1, 2, 9, 10]


def test_champions_from_before_the_table_come_first() -> None:
    assert line_of_champions([promoted(3, 4)], 4, [1, 3]) == [1, 3, 4]
    assert line_of_champions([], 3, [1, 2]) == [1, 2, 3]


def test_a_table_that_cannot_take_a_decision_is_found_before_a_fit(tmp_path: Path) -> None:
    lake = Lake(Settings.load(data_dir=str(tmp_path)))
    refuse_outdated_table(lake)  # none yet
    columns = {name: pa.array([None], arrow_type(kind)) for name, kind in PROMOTIONS.columns if name != "contestants"}
    write_deltalake(lake.path(PROMOTIONS), pa.table(columns))
    with pytest.raises(OutdatedTable, match=r"lacks contestants: run 'santander maintain --upgrade'"):
        refuse_outdated_table(lake)
