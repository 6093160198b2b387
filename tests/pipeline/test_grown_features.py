"""Yesterday's data folder under code that declares one feature more: nothing is silently read as known, and everything goes on.

The champion of yesterday loads and scores as before, meets a challenger with the new feature, and can be rolled back to. The new
code is a copy of the checkout with one entry and one function more; one process walks as a person would.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bank
from tests.grown_tree import GrownTree
from tests.own_bank import own_copy

pytestmark = pytest.mark.embedded  # what the steps make is the same on both engines; here is tested who may read it

ENTRY = """    yield profile("is_retired", "boolean", "65 years old or older")
"""
FUNCTION = """

@PROFILE.makes("is_retired", reads=["age"])
def is_retired(month: MonthRows) -> pa.Array:
    \"\"\"By age alone.\"\"\"
    return pc.greater_equal(month.column("age"), 65)
"""

WALK = Path(__file__).with_name("grown_walk.py")


@pytest.fixture(scope="module")
def told(scored_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("grown")
    settings = own_copy(scored_bank, folder / "data")
    tree = GrownTree.copied_to(folder / "tree", Path(settings.data_dir))
    first_entry = '    yield profile("is_woman", '
    tree.change("santander/schema/features.py", [(first_entry, ENTRY + first_entry)])
    profile = tree.folder / "santander/features/profile.py"
    profile.write_text(profile.read_text() + FUNCTION)
    answer: dict[str, Any] = tree.run(WALK)
    return answer


def test_a_table_of_yesterday_names_the_column_it_lacks_and_the_remedy(told: dict[str, Any]) -> None:
    assert told["outdated"].endswith("lacks is_retired: run 'santander maintain --upgrade'")
    assert told["added"] == ["is_retired"]


def test_what_is_null_until_rebuilt_is_neither_scored_nor_served_nor_trained_on(told: dict[str, Any]) -> None:
    assert (
        told["score"]
        == told["materialize"]
        == "features of 2016-06 are out of date: run 'santander features --month 2016-06' first"
    )
    assert "are out of date: run 'santander features --from 2015-" in told["train"]
    assert told["rebuilt"] == [18, 0]


def test_the_champion_of_yesterday_gives_the_same_lists_before_and_after_another_took_its_place(told: dict[str, Any]) -> None:
    assert told["by"] == [0, 0, 1, 0]
    assert told["lists"] == [True, True, True]


def test_a_challenger_with_one_feature_more_meets_it_and_each_asks_for_its_own_columns(told: dict[str, Any]) -> None:
    assert told["met"] == [True, True, True]
    assert told["columns"] == told["signature"] == [False, True]


def test_the_run_of_yesterday_is_reproduced_on_its_own_columns(told: dict[str, Any]) -> None:
    assert told["reproduced"][0], told["reproduced"]
    assert told["reproduced"][1].startswith("identical to the byte")


def test_the_audit_compares_the_others_and_names_the_new_one(told: dict[str, Any]) -> None:
    assert told["audit"] == [0, ["is_retired"]]
