from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from santander.features.history import UNKNOWN
from santander.features.month_before import MOST_SPARSE, Index, MonthBefore, index_of
from santander.lake import stored_month
from santander.lake.stored_month import StoredMonth
from santander.schema.catalogue import CUSTOMERS

ASKED = [7, 3, 1, 8, 10**18, 0]
HELD = {7: 5, 1: 0, 3: None}
"""Products by customer; nobody knows those of customer 3."""


def month(folder: Path, far_away: int, of: Index | None = None) -> MonthBefore:
    """The customers of HELD and one of a number ``far_away``, read from a file of two row groups."""
    held = HELD | {far_away: 9}
    columns = {
        "customer_id": pa.array(held, pa.int64()),
        "holdings": pa.array(held.values(), pa.int32()),
        "relation_type": pa.array(["A", "P", None, "I"]),
        "is_active": pa.array([True, None, False, True]),
    }
    pq.write_table(pa.table(columns), folder / "month", row_group_size=3)
    return MonthBefore.read(StoredMonth(CUSTOMERS, (folder / "month",)), is_last=True, of=of)


@pytest.mark.parametrize("far_away", [9, 4 * MOST_SPARSE - 1, 4 * MOST_SPARSE, 10**17])
def test_customers_are_found_however_far_apart_their_numbers_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, far_away: int
) -> None:
    monkeypatch.setattr(stored_month, "ROWS_OF_A_PIECE", 3)
    before = month(tmp_path, far_away)
    places = before.places(np.array([*ASKED, far_away], np.int64))
    assert before.holdings(places).tolist() == [5, UNKNOWN, 0, UNKNOWN, UNKNOWN, UNKNOWN, 9]
    last = before.last(places)
    assert last["relation_type_last"].to_pylist() == [10, None, 25, None, None, None, 18]
    assert last["was_active"].to_pylist() == [True, False, None, None, None, None, True]


def test_what_only_the_month_right_before_is_asked_for_can_be_left_out(tmp_path: Path) -> None:
    before = month(tmp_path, 9)
    later = before.without_last()
    assert later.holdings(later.places(np.array(ASKED, np.int64))).tolist() == [5, UNKNOWN, 0, UNKNOWN, UNKNOWN, UNKNOWN]
    with pytest.raises(RuntimeError, match="right before"):
        later.last(later.places(np.array(ASKED, np.int64)))


@pytest.mark.parametrize("asked", [[7, 3, 8, 5], [7, 3, 8, 5, 10**17]])
def test_a_month_read_for_some_customers_knows_those_alone(tmp_path: Path, asked: list[int]) -> None:
    ids = np.array(asked, np.int64)
    before = month(tmp_path, 2, index_of([pa.table({"customer_id": ids})]))
    places = before.places(np.array([*asked, 1, 2, 9, -1, 10**18], np.int64))
    assert before.holdings(places).tolist() == [5, *[UNKNOWN] * (len(asked) + 4)]
    assert before.last(places)["was_active"].to_pylist() == [True, False, *[None] * (len(asked) + 3)]
