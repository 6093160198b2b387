"""The point-in-time join against rows whose right answer is in sight, and against a slow oracle."""

import datetime as dt
import random

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from santander.store.point_in_time import Lookup, join_as_of, latest_within, rows_that_can_match

pytestmark = pytest.mark.plan

DAY = dt.timedelta(days=1)
BY_STAMP = Lookup(keys=(("id", "customer"),), stamp="stamp", features=(("value", "value"),))


def at(day: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2016, 3, day, hour, tzinfo=dt.UTC)


def source_of(session: SparkSession, *rows: tuple[int | None, dt.datetime, int]) -> DataFrame:
    return session.createDataFrame(list(rows), "id bigint, stamp timestamp, value int")


def asked(session: SparkSession, *rows: tuple[int | None, dt.datetime | None]) -> DataFrame:
    return session.createDataFrame(list(rows), "customer bigint, moment timestamp")


def looked_up(entities: DataFrame, source: DataFrame, lookup: Lookup) -> DataFrame:
    return join_as_of(entities, "moment", rows_that_can_match(source, lookup, entities, "moment"), lookup)


def assert_rows(found: DataFrame, *rows: tuple[object, ...]) -> None:
    """The frame holds these rows, in any order, and no other."""
    expected = found.sparkSession.createDataFrame(list(rows), found.schema)
    assert_df_equality(found, expected, ignore_row_order=True, ignore_nullable=True)


def test_a_row_counts_from_its_own_moment_on_and_not_before(session: SparkSession) -> None:
    source = source_of(session, (1, at(10), 7))
    entities = asked(session, (1, at(9, 23)), (1, at(10)), (1, at(11)))
    assert_rows(looked_up(entities, source, BY_STAMP), (1, at(9, 23), None), (1, at(10), 7), (1, at(11), 7))


def test_the_latest_of_the_known_rows_wins(session: SparkSession) -> None:
    source = source_of(session, (1, at(10), 7), (1, at(12), 8), (1, at(14), 9), (2, at(13), 0))
    assert_rows(looked_up(asked(session, (1, at(13))), source, BY_STAMP), (1, at(13), 8))


def test_a_row_lives_for_its_time_to_live_and_not_longer(session: SparkSession) -> None:
    lookup = Lookup(keys=BY_STAMP.keys, stamp="stamp", features=BY_STAMP.features, ttl=2 * DAY)
    source = source_of(session, (1, at(10), 7))
    entities = asked(session, (1, at(12)), (1, at(12, 1)))
    assert_rows(looked_up(entities, source, lookup), (1, at(12), 7), (1, at(12, 1), None))


def test_of_equal_stamps_the_row_created_last_wins(session: SparkSession) -> None:
    rows = [(1, at(10), at(10, 1), 7), (1, at(10), at(10, 3), 9), (1, at(10), at(10, 2), 8)]
    source = session.createDataFrame(rows, "id bigint, stamp timestamp, created timestamp, value int")
    lookup = Lookup(keys=BY_STAMP.keys, stamp="stamp", features=BY_STAMP.features, created="created")
    assert_rows(looked_up(asked(session, (1, at(11))), source, lookup), (1, at(11), 9))


@pytest.mark.parametrize("spacing", [None, 28 * DAY])
def test_entity_rows_are_neither_multiplied_nor_dropped(session: SparkSession, spacing: dt.timedelta | None) -> None:
    source = source_of(session, (1, at(10), 7), (None, at(10), 5))
    rows = [(1, at(10), "a"), (1, at(10), "b"), (2, at(10), "c"), (None, at(10), "d"), (1, None, "e")]
    entities = session.createDataFrame(rows, "customer bigint, moment timestamp, label string")
    lookup = Lookup(keys=BY_STAMP.keys, stamp="stamp", features=BY_STAMP.features, ttl=27 * DAY, spacing=spacing)
    found = looked_up(entities, source, lookup)
    assert found.columns == ["customer", "moment", "label", "value"]
    assert_rows(found, *((*row, 7 if row[2] in {"a", "b"} else None) for row in rows))


def test_dates_on_either_side_are_midnights_in_utc(session: SparkSession) -> None:
    source = session.createDataFrame([(1, dt.date(2016, 3, 10), 7)], "id bigint, stamp date, value int")
    entities = asked(session, (1, at(9, 23)), (1, at(10)))
    assert_rows(looked_up(entities, source, BY_STAMP), (1, at(9, 23), None), (1, at(10), 7))


def test_rows_of_the_very_day_are_found_without_comparing_moments(session: SparkSession) -> None:
    source = session.createDataFrame(
        [(1, at(10).date(), 7), (2, at(11).date(), 8), (None, at(10).date(), 9)], "id bigint, stamp date, value int"
    )
    entities = asked(session, (1, at(10)), (1, at(10)), (1, at(11)), (2, at(10)), (2, None), (None, at(10)))
    found = join_as_of(entities, "moment", source, BY_STAMP, on_the_day=True)
    matched, alone = [(1, at(10), 7)] * 2, [(1, at(11)), (2, at(10)), (2, None), (None, at(10))]
    assert_rows(found, *matched, *((*row, None) for row in alone))


@pytest.mark.parametrize("ttl", [None, 3 * DAY])
def test_random_rows_agree_with_the_oracle(session: SparkSession, ttl: dt.timedelta | None) -> None:
    draw = random.Random(20160528)  # noqa: S311
    stamps = {(draw.randrange(6), at(draw.randrange(1, 29))) for _ in range(60)}
    rows = [(key, stamp, number) for number, (key, stamp) in enumerate(sorted(stamps))]
    moments = sorted((draw.randrange(7), at(draw.randrange(1, 29), draw.randrange(24))) for _ in range(200))
    lookup = Lookup(keys=BY_STAMP.keys, stamp="stamp", features=BY_STAMP.features, ttl=ttl)
    found = looked_up(asked(session, *moments), source_of(session, *rows), lookup)
    assert_rows(found, *((key, moment, oracle(rows, key, moment, ttl)) for key, moment in moments))


def oracle(rows: list[tuple[int, dt.datetime, int]], key: int, moment: dt.datetime, ttl: dt.timedelta | None) -> int | None:
    oldest = dt.datetime.min.replace(tzinfo=dt.UTC) if ttl is None else moment - ttl
    known = [(stamp, value) for name, stamp, value in rows if name == key and oldest <= stamp <= moment]
    return max(known)[1] if known else None


@pytest.mark.parametrize("spacing", [None, 28 * DAY])
def test_the_latest_row_within_a_span_is_pulled_for_each_key(session: SparkSession, spacing: dt.timedelta | None) -> None:
    early = (1, at(10) - 28 * DAY, 6)
    source = source_of(session, early, (1, at(10), 7), (2, at(11), 8), (3, at(12), 9))
    lookup = Lookup(keys=(("id", "customer"),), stamp="stamp", features=BY_STAMP.features, spacing=spacing)
    wide = latest_within(source, lookup, at(10) - 28 * DAY, at(11))
    assert_rows(wide, (1, 7, at(10)), (2, 8, at(11)))
    narrow = latest_within(source, lookup, at(10), at(10))
    assert_rows(narrow, (1, 7, at(10)))
