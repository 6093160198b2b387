"""The point-in-time join: to each entity row the latest feature row that was known at its moment.

Known means stamp <= moment (inclusive: a snapshot counts on its own day) and not older than the time to live. The engine skips
the partitions of months that cannot match. Joins name their condition, because one engine drops columns after JOIN ... USING.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
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

    def holds(self, stamp: dt.datetime) -> bool:
        """Whether the stamp lies in it."""
        return (self.first is None or self.first <= stamp) and stamp <= self.last


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


@dataclass(frozen=True, slots=True)
class Lookup:
    """How rows of one source are matched, and which of its columns come out under which name."""

    keys: tuple[tuple[str, str], ...]
    """Pairs (column of the source, column of the entity rows) that must be equal."""
    stamp: str
    features: tuple[tuple[str, str], ...]
    """Pairs (column of the source, name in the result), in the order of the result."""
    ttl: dt.timedelta | None = None
    created: str | None = None
    """Breaks ties of equal stamps: the row created last wins. Without it no two rows may share key and stamp."""
    spacing: dt.timedelta | None = None
    """Rows of one key are at least this far apart, so within a shorter time there is at most one."""

    def at_most_one_within(self, time: dt.timedelta | None) -> bool:
        """Whether a key cannot have two rows within ``time``, so that none has to be chosen."""
        return time is not None and self.spacing is not None and time < self.spacing


def rows_that_can_match(
    source: "DataFrame", lookup: Lookup, entities: "DataFrame", moment: str, moments: Moments | None = None
) -> "DataFrame":
    """The source without the stamps that no entity row can match, so that other partitions are not read.

    Collects the different moments of the entity rows, and nothing else, unless they are given.
    """
    asked = moments or moments_of(entities, moment)
    return source.where(within_any(source, lookup.stamp, spans_of(asked, lookup.ttl)))


def join_as_of(entities: "DataFrame", moment: str, rows: "DataFrame", lookup: Lookup, *, on_the_day: bool = False) -> "DataFrame":
    """The entity rows, neither more nor fewer, with the features of ``lookup``; nulls where nothing was known.

    Of ``rows``, those of the source, the columns named in ``lookup`` are read, once. ``on_the_day`` says that only a row stamped
    with the very day of the moment can be known then, where a key has one row a day: dates are compared for equality,
    which is by far the cheapest join there is.
    """
    from pyspark.sql import functions as F

    match = _equal_keys(lookup) & _known(lookup, moment)
    if on_the_day:
        match = _equal_keys(lookup) & (F.col(f"entity.{moment}").cast("date") == F.col(f"row.{lookup.stamp}").cast("date"))
    elif not lookup.at_most_one_within(lookup.ttl):
        rows = _latest_known(entities, moment, rows, lookup)
        match = _equal_keys(lookup) & (F.col(f"entity.{moment}") == F.col("row.entity_moment"))
    return (
        entities.alias("entity")
        .join(rows.alias("row"), match, how="left")
        .select(
            *(F.col(f"entity.{name}") for name in entities.columns),
            *(F.col(f"row.{column}").alias(name) for column, name in lookup.features),
        )
    )


def latest_within(source: "DataFrame", lookup: Lookup, first: dt.datetime, last: dt.datetime) -> "DataFrame":
    """Of each key the latest row stamped from ``first`` to ``last``: keys, features, stamp and created, if there is one."""
    from pyspark.sql import functions as F

    rows = source.where(within_any(source, lookup.stamp, [Span(first, last)]))
    if not lookup.at_most_one_within(last - first):
        rows = _first_of(rows, [column for column, _ in lookup.keys], lookup)
    named = (*lookup.keys, *lookup.features)
    times = [lookup.stamp, *([lookup.created] if lookup.created else [])]
    return rows.select(*(F.col(column).alias(name) for column, name in named), *times)


def _equal_keys(lookup: Lookup) -> "Column":
    from pyspark.sql import functions as F

    equal = F.lit(True)
    for column, name in lookup.keys:
        equal = equal & (F.col(f"entity.{name}") == F.col(f"row.{column}"))
    return equal


def _known(lookup: Lookup, moment: str) -> "Column":
    from pyspark.sql import functions as F

    stamp = F.col(f"row.{lookup.stamp}").cast("timestamp")
    at = F.col(f"entity.{moment}").cast("timestamp")
    known = stamp <= at
    if lookup.ttl is None:
        return known
    seconds = int(lookup.ttl.total_seconds())
    return known & (stamp >= at - F.expr(f"INTERVAL '{seconds}' SECOND"))


def _latest_known(entities: "DataFrame", moment: str, rows: "DataFrame", lookup: Lookup) -> "DataFrame":
    """The row that wins for each key and moment of the entity rows, however many ask; its moment as ``entity_moment``."""
    from pyspark.sql import functions as F

    asked = entities.select(*(name for _, name in lookup.keys), moment).distinct()
    pairs = (
        asked.alias("entity")
        .join(rows.alias("row"), _equal_keys(lookup) & _known(lookup, moment), how="inner")
        .select(F.col(f"entity.{moment}").alias("entity_moment"), *(F.col(f"row.{name}") for name in rows.columns))
    )
    return _first_of(pairs, [*(column for column, _ in lookup.keys), "entity_moment"], lookup)


def _first_of(rows: "DataFrame", group: Sequence[str], lookup: Lookup) -> "DataFrame":
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    newest_first = [F.col(name).desc() for name in (lookup.stamp, lookup.created) if name]
    place = F.row_number().over(Window.partitionBy(*group).orderBy(*newest_first))
    return rows.withColumn("place", place).where("place = 1").drop("place")
