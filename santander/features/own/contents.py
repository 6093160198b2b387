"""Whether the rows that a family made are legal: one an entity, every value in its range."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from santander.features.own.refusal import WrongFamily, line_that_names, wrong
from santander.schema.catalogue import PARTITION
from santander.schema.features import Range
from santander.schema.months import Month
from santander.schema.own_family import OwnFamily

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_LARGEST = "1.7976931348623157E308D"


def check_rows(family: OwnFamily, rows: "DataFrame") -> dict[Month, int]:
    """Return how many rows each month has; ``rows`` are those of the table.

    Raises WrongFamily for two rows of an entity, which it names, and for a value that is outside its range or no number.
    """
    from pyspark.sql import functions as F

    key = family.entity.value
    outside = {feature.name: _outside(feature.name, feature.type, feature.range) for feature in family.features}
    counts = [F.count(F.expr(f"CASE WHEN {bad} THEN 1 END")).alias(name) for name, bad in outside.items()]
    by_entity = rows.groupBy(PARTITION, key).agg(F.count("*").alias("_rows"))
    doubled = {row[PARTITION] for row in by_entity.where("_rows > 1").select(PARTITION).distinct().collect()}
    found = rows.groupBy(PARTITION).agg(F.count("*").alias("_rows"), *counts)
    months = sorted(found.collect(), key=lambda row: row[PARTITION])
    for row in months:
        if row[PARTITION] in doubled:
            raise _doubled(family, Month.of(row[PARTITION]), by_entity)
        _check_ranges(family, Month.of(row[PARTITION]), row.asDict(), rows, outside)
    return {Month.of(row[PARTITION]): row["_rows"] for row in months}


def _doubled(family: OwnFamily, month: Month, by_entity: "DataFrame") -> WrongFamily:
    from pyspark.sql import functions as F

    key = family.entity.value
    more = by_entity.where(F.col(PARTITION) == F.lit(month.snapshot).cast("date")).where("_rows > 1")
    n, entity = more.select("_rows", key).orderBy(key).limit(1).collect()[0]
    hint = f"group by {key}, or take one row of each"
    return wrong(family, None, f"{n} rows for {key} {entity} in {month}", hint, month, column=key, example=str(entity))


def _check_ranges(
    family: OwnFamily, month: Month, found: Mapping[str, Any], rows: "DataFrame", outside: Mapping[str, str]
) -> None:
    from pyspark.sql import functions as F

    key = family.entity.value
    of_month = rows.where(F.col(PARTITION) == F.lit(month.snapshot).cast("date"))
    for feature in family.features:
        if found[feature.name]:
            bad = of_month.where(outside[feature.name]).select(key, feature.name).orderBy(key).limit(1)
            entity, value = bad.collect()[0]
            legal = feature.range.words if feature.range and feature.range.words != "any number" else "a finite number"
            what = f"{feature.name} is {value} for {key} {entity} in {month}, declared is {legal}"
            hint = "correct the code or the range; null stands for unknown"
            line = line_that_names(family, feature.name)
            raise wrong(family, line, what, hint, month, column=feature.name, example=str(value))


def _outside(name: str, type_: str, range_: Range | None) -> str:
    """Return the condition of a value that is not legal; null is legal, NaN and infinity are not."""
    if range_ is None:
        return "false"
    if type_ == "double":
        low = _number(range_.low) or f"-{_LARGEST}"
        high = _number(range_.high) or _LARGEST
        return f"isnan(`{name}`) OR `{name}` < {low} OR `{name}` > {high}"
    bounds = [(range_.low, "<"), (range_.high, ">")]
    return " OR ".join(f"`{name}` {sign} {_number(bound)}" for bound, sign in bounds if bound is not None) or "false"


def _number(bound: float | None) -> str | None:
    return None if bound is None else f"{bound!r}D"
