"""Which files `run` takes in, by what `ingestions` says of them: no file is read and no engine started."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from santander.errors import InputError
from santander.ingest.due import DueFiles, Given
from santander.lake.ingestions import Ingestion
from santander.schema.months import Month
from santander.schema.records import plain

JUNE, JULY = Month(2015, 6), Month(2015, 7)


def taken(second: int, months: tuple[Month, ...], *names: str, mode: str = "replace", inserted: int = 5) -> list[Ingestion]:
    """The rows of one ingestion of these files; a name stands for its content too."""
    at = dt.datetime(2026, 1, 1, 0, 0, second, tzinfo=dt.UTC)
    return [
        Ingestion(str(second), f"{name}.csv", name, str(month), True, 5, 5, 0, 0, at, mode, inserted)
        for name in names
        for month in months
    ]


def given(*names: str, new: tuple[str, ...] = ()) -> list[Given]:
    return [Given(Path(f"{name}.csv"), name, name not in new) for name in names]


def names(files: list[Any]) -> list[str]:
    return [Path(file).stem for file in files]


def test_a_file_whose_months_come_from_it_is_up_to_date() -> None:
    due = DueFiles(given("a", "b"), [*taken(1, (JUNE,), "a"), *taken(2, (JULY,), "b")], {})
    assert (due.due, names(due.current), due.overtaken) == ([], ["a", "b"], [])


def test_a_merged_file_and_the_one_it_was_merged_into_are_up_to_date() -> None:
    due = DueFiles(given("a", "b"), [*taken(1, (JUNE,), "a"), *taken(2, (JUNE,), "b", mode="merge")], {})
    assert (due.due, names(due.current)) == ([], ["a", "b"])


def test_a_month_corrected_by_a_file_that_is_not_named_stays_and_is_said() -> None:
    due = DueFiles(given("train"), [*taken(1, (JUNE, JULY), "train"), *taken(2, (JUNE,), "fix")], {JUNE: ["train"]})
    assert (due.due, due.current) == ([], [])
    (left,) = due.overtaken
    assert plain(left) == {"file": "train.csv", "months": ["2015-06"], "now_from": ["fix.csv"]}
    assert "2015-06 came from fix.csv since" in left.line()
    assert "'santander ingest train.csv'" in left.line()


def test_a_file_and_its_correction_named_together_are_not_taken_in_again() -> None:
    due = DueFiles(given("old", "new"), [*taken(1, (JUNE,), "old"), *taken(2, (JUNE,), "new")], {})
    assert (due.due, names(due.current), len(due.overtaken)) == ([], ["new"], 1)


def test_parts_of_which_one_has_lost_its_customers_to_the_other_are_taken_together() -> None:
    due = DueFiles(given("one", "two"), [*taken(1, (JUNE,), "one"), *taken(2, (JUNE,), "two")], {JUNE: ["one"]})
    assert names(due.due) == ["one", "two"]
    assert due.not_to_replace == set()


def test_a_new_file_may_not_replace_a_month_of_a_file_named_beside_it() -> None:
    due = DueFiles(given("one", "july", "two", new=("two",)), [*taken(1, (JUNE,), "one"), *taken(2, (JULY,), "july")], {})
    assert (names(due.due), due.not_to_replace) == (["two"], {JUNE, JULY})
    due.take_together([JUNE])
    assert (names(due.due), names(due.current), due.not_to_replace) == (["one", "two"], ["july"], {JULY})


def test_files_are_not_taken_together_where_that_would_undo_a_file_that_is_not_named() -> None:
    due = DueFiles(given("one", "four", new=("four",)), taken(1, (JUNE,), "one", "two"), {})
    with pytest.raises(InputError, match=r"2015-06 comes from two\.csv too.*--merge"):
        due.take_together([JUNE])
    corrected = [*taken(1, (JUNE, JULY), "one"), *taken(2, (JULY,), "fix")]
    due = DueFiles(given("one", "two", new=("two",)), corrected, {})
    with pytest.raises(InputError, match=r"one\.csv: 2015-07 came from fix\.csv since"):
        due.take_together([JUNE])


def test_a_replay_that_only_corrected_rows_does_not_keep_parts_apart() -> None:
    rows = [*taken(1, (JUNE,), "one", "two"), *taken(2, (JUNE,), "corrections", mode="merge", inserted=0)]
    due = DueFiles(given("one", "two", "three", new=("three",)), rows, {})
    due.take_together([JUNE])
    assert names(due.due) == ["one", "two", "three"]


def test_a_changed_file_of_the_same_name_stands_in_for_the_one_before() -> None:
    rows = taken(1, (JUNE,), "one", "two")
    due = DueFiles([*given("one"), Given(Path("two.csv"), "changed", is_seen=False)], rows, {})
    due.take_together([JUNE])
    assert names(due.due) == ["one", "two"]


def test_a_file_taken_in_with_other_settings_is_due_unless_a_correction_would_be_undone() -> None:
    rows = taken(1, (JUNE,), "one")
    assert names(DueFiles(given("one", new=("one",)), rows, {}).due) == ["one"]
    corrected = DueFiles(given("one", new=("one",)), [*rows, *taken(2, (JUNE,), "fix")], {})
    assert (corrected.due, len(corrected.overtaken)) == ([], 1)


def test_a_corrected_file_replaces_the_one_of_its_name_also_where_digits_of_the_name_were_hidden() -> None:
    due = DueFiles(given("c1375586", new=("c1375586",)), taken(1, (JUNE,), "cxxxxxxx"), {})
    due.take_together([JUNE])
    assert names(due.due) == ["c1375586"]
    other = DueFiles(given("c137558", new=("c137558",)), taken(1, (JUNE,), "cxxxxxxx"), {})
    with pytest.raises(InputError, match=r"2015-06 comes from cxxxxxxx\.csv too"):
        other.take_together([JUNE])
