import datetime as dt

import pytest

from santander.errors import InputError
from santander.schema.months import Month, in_spans, missing_between, month_range


def test_arithmetic_crosses_years_both_ways() -> None:
    assert Month(2015, 12) + 1 == Month(2016, 1)
    assert Month(2016, 1) - 13 == Month(2014, 12)
    assert Month(2016, 3).index - Month(2015, 12).index == 3


def test_a_month_is_written_as_it_is_read_and_its_snapshot_is_the_28th() -> None:
    assert str(Month.parse("2015-06")) == "2015-06"
    assert Month.parse("2016-02").snapshot == dt.date(2016, 2, 28)
    assert Month.of(dt.date(2015, 6, 28)) == Month(2015, 6)


@pytest.mark.parametrize("text", ["2015", "2015-6", "15-06", "2015-13", "2015-00", "2015-06-28", "", "June"])
def test_anything_else_is_not_a_month(text: str) -> None:
    with pytest.raises(InputError):
        Month.parse(text)


def test_a_range_includes_both_ends_and_never_runs_backwards() -> None:
    assert month_range(Month(2015, 11), Month(2016, 1)) == [Month(2015, 11), Month(2015, 12), Month(2016, 1)]
    with pytest.raises(InputError, match="2016-01 to 2015-11 is empty"):
        month_range(Month(2016, 1), Month(2015, 11))


def test_missing_months_lie_between_the_first_and_the_last_and_are_told_in_spans() -> None:
    there = [Month(2015, 1), Month(2015, 2), Month(2015, 4), Month(2015, 8)]
    assert in_spans(missing_between(there)) == "2015-03, 2015-05 to 2015-07"
    assert (missing_between([]), in_spans([])) == ([], "")
