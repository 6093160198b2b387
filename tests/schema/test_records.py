"""Records as JSON shows them, and read back from what an earlier release wrote."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

from santander.schema.months import Month
from santander.schema.records import Inline, Unwritten, plain, plain_value, read_record, record_of_row
from santander.tune.result import TrialCounts

MAY = Month(2016, 5)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Figures:
    map7: float
    ceiling: float | None = None

    ALSO_WRITTEN: ClassVar = ("share",)

    @property
    def share(self) -> float | None:
        return self.map7 / self.ceiling if self.ceiling else None


@dataclass(frozen=True, slots=True)
class Training:
    figures: Inline[Figures | None] = None
    month: Month | None = None
    months: Mapping[Month, tuple[str, ...]] = field(default_factory=dict)
    version: int | None = None


@dataclass(frozen=True)
class Everything:
    file: Path
    colour: Colour
    at: dt.datetime
    by_month: Mapping[Month, Figures]
    nothing: None = None
    raw: Unwritten[int] = 7


def test_a_record_is_written_by_its_fields_and_what_it_holds_as_text_or_plain_values() -> None:
    at = dt.datetime(2016, 6, 1, 12, tzinfo=dt.UTC)
    written = plain(Everything(Path("/a b"), Colour.RED, at, {MAY: Figures(0.25, 0.5)}))
    assert json.loads(json.dumps(written)) == {
        "file": "/a b",
        "colour": "red",
        "at": "2016-06-01T12:00:00+00:00",
        "by_month": {"2016-05": {"map7": 0.25, "ceiling": 0.5, "share": 0.5}},
        "nothing": None,
    }


def test_a_dataclass_with_a_text_of_its_own_is_written_as_that_and_others_by_their_fields() -> None:
    assert plain(Training(month=MAY))["month"] == "2016-05"
    assert plain_value([Figures(0.25)]) == [{"map7": 0.25, "ceiling": None, "share": None}]
    counts = TrialCounts(complete=2, pruned=1, failed=0, killed=0)
    assert plain_value(counts) == {"complete": 2, "pruned": 1, "failed": 0, "killed": 0}


def test_an_inline_field_stands_among_the_others_and_none_of_it_writes_no_key() -> None:
    judged = plain(Training(Figures(0.25, 0.5), MAY, {MAY: ("a",)}, 3))
    assert judged == {"map7": 0.25, "ceiling": 0.5, "share": 0.5, "month": "2016-05", "months": {"2016-05": ["a"]}, "version": 3}
    assert plain(Training(version=3)) == {"month": None, "months": {}, "version": 3}


@pytest.mark.parametrize("training", [Training(Figures(0.25, 0.5), MAY, {MAY: ("a", "b")}, 3), Training(version=3), Training()])
def test_what_was_written_is_read_back(training: Training) -> None:
    assert read_record(Training, json.loads(json.dumps(plain(training)))) == training


def test_keys_of_another_release_are_passed_over_and_those_it_lacks_have_their_defaults() -> None:
    assert read_record(Training, {"version": 3, "left": "out"}) == Training(version=3)
    assert read_record(Training, {"ceiling": 0.5}) == Training()  # no figures: the one that must be there is not


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(ValidationError, match="version"):
        read_record(Training, {"version": "three"})


def test_a_row_is_a_record_of_its_columns() -> None:
    assert record_of_row(Figures, {"map7": 0.25, "added_later": 1}) == Figures(0.25)
