"""Which stamps of a source can match a set of entity rows: what lets the engine skip the partitions of other months."""

import datetime as dt
from collections.abc import Collection, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

MOMENTS_LISTED = 64
"""Up to so many different moments get a span each; of more, everything from the first to the last is read."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Span(NamedTuple):
    """Stamps from ``first`` (None: from the beginning) to ``last``, both included, in UTC."""

    first: dt.datetime | None
    last: dt.datetime


class Moments(NamedTuple):
    """As of when features are asked for, in UTC and in order: every moment, or the first and the last of very many."""

    listed: tuple[dt.datetime, ...]
    complete: bool


def midnight(day: dt.date) -> dt.datetime:
    """The moment that a date stands for."""
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def moments_of(entities: "DataFrame", moment: str) -> Moments:
    """The different moments of the entity rows. Nothing else of them is collected."""
    from pyspark.sql import functions as F

    micros = entities.select(F.unix_micros(F.col(moment).cast("timestamp")).alias("micros")).where("micros is not null")
    found = sorted(
        _EPOCH + dt.timedelta(microseconds=row["micros"]) for row in micros.distinct().limit(MOMENTS_LISTED + 1).collect()
    )
    if len(found) <= MOMENTS_LISTED:
        return Moments(tuple(found), complete=True)
    ends = micros.agg(F.min("micros"), F.max("micros")).collect()[0]
    return Moments(tuple(_EPOCH + dt.timedelta(microseconds=end) for end in ends), complete=False)


def spans_of(moments: Moments, ttl: dt.timedelta | None) -> list[Span]:
    """The stamps that can be matched at these moments."""
    if moments.complete:
        return merged([Span(_earlier(each, ttl), each) for each in moments.listed])
    first, last = moments.listed
    return [Span(_earlier(first, ttl), last)]


def each_is_its_own_stamp(moments: Moments, ttl: dt.timedelta | None, stamps: Collection[dt.date]) -> bool:
    """Whether a row that is known at one of the moments can only be one stamped at that very moment.

    So it is when each is the midnight of a day, and none of ``stamps``, all those of the source, lies within ``ttl`` before it.
    """
    if not moments.complete or ttl is None:
        return False
    midnights = [midnight(stamp) for stamp in stamps]
    return all(each.time() == dt.time() and not any(each - ttl <= stamp < each for stamp in midnights) for each in moments.listed)


def merged(spans: Sequence[Span]) -> list[Span]:
    """Spans in order of their last stamp, those that overlap put together."""
    apart: list[Span] = []
    for span in spans:
        if apart and (span.first is None or span.first <= apart[-1].last):
            apart[-1] = Span(apart[-1].first, span.last)
        else:
            apart.append(span)
    return apart


def within_any(source: "DataFrame", stamp: str, spans: Sequence[Span]) -> "Column":
    """The condition that a row's stamp lies in one of the spans; false for no span.

    A stamp that is a date is compared as a date, so that it prunes partitions; it counts as the day's midnight in UTC.
    """
    from pyspark.sql import functions as F

    return reduce(or_, (_within(source, stamp, span) for span in spans), F.lit(False))


def _within(source: "DataFrame", stamp: str, span: Span) -> "Column":
    from pyspark.sql import functions as F

    def literal(value: dt.datetime, *, is_date: bool) -> "Column":
        if is_date:
            return F.lit(value.date())
        return F.timestamp_micros(F.lit((value - _EPOCH) // dt.timedelta(microseconds=1)))

    is_date = dict(source.dtypes)[stamp] == "date"
    column = F.col(stamp)
    until = column <= literal(span.last, is_date=is_date)
    if span.first is None:
        return until
    begins = span.first
    if is_date and begins.time() != dt.time():
        begins += dt.timedelta(days=1)
    return (column >= literal(begins, is_date=is_date)) & until


def _earlier(moment: dt.datetime, ttl: dt.timedelta | None) -> dt.datetime | None:
    return None if ttl is None else moment - ttl
