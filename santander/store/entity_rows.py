"""The rows that features are asked for, in any form Feast allows, as a frame of the engine."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from santander.errors import InputError
from santander.schema.months import Month
from santander.schema.own_family import Entity
from santander.store.point_in_time import Moments, midnight, moments_of

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession

_TIME = pa.timestamp("us", tz="UTC")


def arrow_entities(frame: "pd.DataFrame", keys: Collection[str], moment: str) -> pa.Table:
    """Return the rows with one type a column; where no value tells it, ``keys`` are bigint and ``moment`` is a time.

    Raises InputError, in one line, for a frame without columns and for a column whose values are of several types.
    """
    if frame.columns.empty:
        raise InputError("entity rows have no columns", hint=f"give {', '.join(sorted(keys))} and {moment}")
    untold = {key: pa.string() if key in _TEXTS else pa.int64() for key in keys} | {moment: _TIME}
    names = {name: str(name) for name in frame.columns}
    return pa.table({shown: _column(shown, frame[name], untold.get(shown)) for name, shown in names.items()})


def _column(name: str, values: "pd.Series[Any]", untold: pa.DataType | None) -> pa.Array:
    try:
        column = pa.array(values, from_pandas=True)
        if pa.types.is_unsigned_integer(column.type):
            column = column.cast(pa.int64())  # neither engine has unsigned numbers
    except (pa.ArrowException, TypeError, OverflowError):
        types = sorted({type(value).__name__ for value in values if value is not None})
        wrong = f"mixes {' and '.join(types)}" if len(types) > 1 else f"holds {types[0]} values that are too large"
        wanted = "int64" if untold == pa.int64() else "str"
        remedy = f"df['{name}'].astype('{wanted}')"
        raise InputError(f"entity rows: {name} {wrong}", hint=f"give the column one type, as by {remedy}") from None
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.null_count == len(column) and (pa.types.is_null(column.type) or untold is not None):
        return pa.nulls(len(column), untold or pa.string())
    if pa.types.is_timestamp(column.type):
        return column.cast(_TIME, safe=False)  # without a zone it counts as UTC, the zone of the session
    return column


_NUMBERS = ("bigint", "int", "smallint", "tinyint", "decimal", "double", "float")
"""Spark types that are compared with a key by value, on either engine alike. Text is not: engines read it differently."""

_TEXTS = (Entity.SEGMENT.value,)
"""Keys that are texts."""

MOMENT = "event_timestamp"
"""Feast's name for the column that says as of when features are asked for."""


@dataclass(frozen=True)
class RowsOfMonths:
    """Entity rows as of the snapshot dates of these months and of no other date: rows of another month would find nothing."""

    frame: "DataFrame"
    months: tuple[Month, ...]

    @property
    def moments(self) -> Moments:
        """Return the moments as of which their features are asked for."""
        return Moments(tuple(midnight(month.snapshot) for month in sorted(set(self.months))), complete=True)


def moments_asked(entity_df: Any, entities: "DataFrame", moment: str) -> Moments:
    """The moments of the entity rows, as the caller knows them or else looked for."""
    return entity_df.moments if isinstance(entity_df, RowsOfMonths) else moments_of(entities, moment)


def entity_frame(session: "SparkSession", entity_df: Any, keys: Collection[str]) -> "DataFrame":
    """A frame as it is (and still lazy), a query as its result, a pandas frame sent to the engine.

    Raises InputError without entity rows (retrieval by a range of dates alone is not offered), and for a pandas frame with a
    column of several types.
    """
    import pandas as pd
    from pyspark.sql import DataFrame
    from pyspark.sql.pandas.types import from_arrow_schema

    if entity_df is None:
        raise InputError("features are retrieved for given entity rows", hint="pass entity_df")
    if isinstance(entity_df, RowsOfMonths):
        return entity_df.frame
    if isinstance(entity_df, str):
        return session.sql(entity_df)
    if isinstance(entity_df, DataFrame):
        return entity_df
    if isinstance(entity_df, pd.DataFrame):
        rows = arrow_entities(entity_df, keys, MOMENT)
        return session.createDataFrame(rows) if rows.num_rows else session.createDataFrame([], from_arrow_schema(rows.schema))
    return session.createDataFrame(entity_df)


def moment_column(entities: "DataFrame") -> str:
    """``event_timestamp``, else the only column that is a date or a timestamp; raises InputError when that is not clear."""
    if MOMENT in entities.columns:
        return MOMENT
    times = [name for name, type_ in entities.dtypes if type_ in {"date", "timestamp", "timestamp_ntz"}]
    if len(times) != 1:
        found = ", ".join(times) or "none"
        raise InputError(
            f"entity rows need a column {MOMENT}, or exactly one date or timestamp column; found {found}", hint=f"add {MOMENT}"
        )
    return times[0]


def check_columns(entities: "DataFrame", keys: Iterable[str], added: Iterable[str]) -> None:
    """Raise InputError when the entity rows lack a key, or hold one of another type, or a column named like a feature."""
    present = dict(entities.dtypes)
    if missing := sorted(set(keys) - set(present)):
        raise InputError(f"entity rows lack {', '.join(missing)}", column=missing[0], hint="add it to them")
    for key in keys:
        if key in _TEXTS and present[key] != "string":
            raise InputError(f"entity rows: {key} is {present[key]} and must be string", hint="give it as customers has it")
        if key not in _TEXTS and not present[key].startswith(_NUMBERS):
            remedy = f"df['{key}'].astype('int64') in pandas or CAST({key} AS BIGINT) in SQL"
            raise InputError(f"entity rows: {key} is {present[key]} and must be bigint", hint=f"cast it, as by {remedy}")
    if doubled := sorted(set(added) & set(present)):
        raise InputError(
            f"entity rows already hold columns named like features: {', '.join(doubled)}",
            column=doubled[0],
            hint="rename or drop them",
        )
