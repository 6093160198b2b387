import datetime as dt

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession

from santander.store.point_in_time import (
    MOMENTS_LISTED,
    Moments,
    Span,
    each_is_its_own_stamp,
    merged,
    moments_of,
    spans_of,
    within_any,
)

pytestmark = pytest.mark.plan

DAY = dt.timedelta(days=1)


def at(day: int, month: int = 3) -> dt.datetime:
    return dt.datetime(2016, month, day, tzinfo=dt.UTC)


def test_each_month_asked_for_is_a_span_of_its_own(session: SparkSession) -> None:
    rows = [(dt.date(2016, 3, 28),), (dt.date(2015, 6, 28),), (dt.date(2016, 3, 28),), (None,)]
    entities = session.createDataFrame(rows, "moment date")
    june = dt.datetime(2015, 6, 28, tzinfo=dt.UTC)
    assert spans_of(moments_of(entities, "moment"), 27 * DAY) == [Span(june - 27 * DAY, june), Span(at(1), at(28))]


def test_without_a_time_to_live_everything_before_can_match(session: SparkSession) -> None:
    entities = session.createDataFrame([(at(10),), (at(12),)], "moment timestamp")
    assert spans_of(moments_of(entities, "moment"), None) == [Span(None, at(12))]


def test_many_moments_become_one_span_from_the_first_to_the_last(session: SparkSession) -> None:
    first = at(1)
    moments = [(first + hour * dt.timedelta(hours=50),) for hour in range(MOMENTS_LISTED + 1)]
    entities = session.createDataFrame(moments, "moment timestamp")
    assert spans_of(moments_of(entities, "moment"), DAY) == [Span(first - DAY, moments[-1][0])]


def test_overlapping_spans_are_put_together() -> None:
    assert merged([Span(at(1), at(5)), Span(at(4), at(8)), Span(at(10), at(11))]) == [Span(at(1), at(8)), Span(at(10), at(11))]


def test_no_span_matches_nothing_and_both_ends_belong_to_a_span(session: SparkSession) -> None:
    source = session.createDataFrame([(dt.date(2016, 3, day),) for day in range(1, 6)], "stamp date")
    assert source.where(within_any(source, "stamp", [])).count() == 0
    inside = source.where(within_any(source, "stamp", [Span(at(1) + DAY / 2, at(3))]))
    assert_df_equality(inside, source.where("day(stamp) IN (2, 3)"), ignore_row_order=True)


def test_a_snapshot_date_is_its_own_stamp_unless_another_can_be_known_then() -> None:
    stamps = [at(28, month).date() for month in (3, 4, 5)]
    asked = Moments((at(28, 4), at(28, 5), at(28, 6)), complete=True)
    assert each_is_its_own_stamp(asked, 27 * DAY, stamps)
    assert not each_is_its_own_stamp(asked, 30 * DAY, stamps)  # the row of April is still known on 28 May
    assert not each_is_its_own_stamp(asked, None, stamps)
    assert not each_is_its_own_stamp(Moments((at(29, 4),), complete=True), 27 * DAY, stamps)
    assert not each_is_its_own_stamp(Moments((at(28, 4) + DAY / 2,), complete=True), 27 * DAY, stamps)
    assert not each_is_its_own_stamp(Moments((at(28, 4), at(28, 5)), complete=False), 27 * DAY, stamps)
