"""Missing months are those between months that are meant."""

from santander.schema.months import Month, full_months, missing_line, missing_months

MARCH, MAY = Month(2015, 3), Month(2015, 5)


def test_a_month_in_between_is_missing_unless_it_has_a_row() -> None:
    assert missing_months({MARCH: 5_000, MAY: 5_000}) == [MARCH + 1]
    assert missing_months({MARCH: 5_000, MARCH + 1: 1, MAY: 5_000}) == []
    assert missing_months({}) == []
    assert "no customers of 2015-04" in missing_line([MARCH + 1])


def test_a_mistyped_date_far_off_leaves_no_gap() -> None:
    rows = {Month(1015, 3): 1, MARCH: 5_000, MAY: 5_000, Month(2051, 5): 1}
    assert full_months(rows) == [MARCH, MAY]
    assert missing_months(rows) == [MARCH + 1]
