"""Whether a family's result has the columns that its file declares, and the rows of the table that it comes to."""

from collections import Counter
from typing import TYPE_CHECKING

from santander.errors import did_you_mean
from santander.features.own.refusal import line_that_names, wrong
from santander.schema.catalogue import PARTITION
from santander.schema.months import Month
from santander.schema.own_family import Entity, OwnFamily

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DIGITS = 6
"""Digits behind the point to which doubles are rounded: engines add them in other orders."""


def check_columns(family: OwnFamily, month: Month, result: object) -> "DataFrame":
    """Return the result as a DataFrame with exactly the key and the declared features.

    Raises WrongFamily for what is no DataFrame, and for a column that is missing, there twice, of another type or undeclared.
    Raises whatever the engine raises where it finds out only now that the code is wrong.
    """
    from pyspark.sql import DataFrame

    if not isinstance(result, DataFrame):
        returned = "nothing" if result is None else f"a {type(result).__name__}"
        raise wrong(family, None, f"the function returns {returned}", "return a DataFrame", month)
    declared = {name: type_ for name, type_ in family.table.columns if name != PARTITION}
    given = [(field.name, field.dataType.simpleString()) for field in result.schema.fields]
    counts = Counter(name for name, _ in given)
    for name in declared:
        if name not in counts:
            near = next((each for each in counts if each.lower() == name.lower()), None)
            hint = f"write AS {name}, not {near}" if near else f"select {name}{_key_or_declared(family, name)}"
            raise wrong(
                family,
                None if near is None else line_that_names(family, near),
                f"the result has no column '{name}'",
                hint,
                month,
                column=name,
            )
    for name, type_ in given:
        line = line_that_names(family, name)
        if name not in declared:
            hint = f"declare it or leave it out; {did_you_mean(name, declared)}"
            raise wrong(family, line, f"the result has a column '{name}' that is not declared", hint, month, column=name)
        if counts[name] > 1:
            raise wrong(family, line, f"the result has the column '{name}' twice", "select it once", month, column=name)
        if type_ != declared[name]:
            what = f"column '{name}' is declared {declared[name]}, made {type_}"
            hint = f"write CAST(… AS {declared[name]}), in PySpark .cast('{declared[name]}')"
            raise wrong(family, line, what, hint, month, column=name)
    return result


def rows_of_month(family: OwnFamily, month: Month, customers: "DataFrame", result: "DataFrame") -> "DataFrame":
    """Return the rows of the table for a month: one for each of its entities, with nulls where the result has no row.

    Rows of other entities are left out. Two rows for an entity are two here as well.
    """
    from pyspark.sql import functions as F

    key = family.entity.value
    entities = customers.select(key)
    if family.entity is not Entity.CUSTOMER:
        entities = entities.where(F.col(key).isNotNull()).distinct()
    snapshot = F.lit(month.snapshot).cast("date").alias(PARTITION)
    features = [F.expr(_rounded(name)).alias(name) if type_ == "double" else F.col(name) for name, type_ in _features(family)]
    return entities.join(result, on=key, how="left").select(key, snapshot, *features)


def _features(family: OwnFamily) -> list[tuple[str, str]]:
    return [(feature.name, feature.type) for feature in family.features]


def _rounded(name: str) -> str:
    """Return the expression of a rounded double: of operations that give the same bits on both engines, and never -0.0."""
    scale = f"{10**DIGITS}D"
    rounded = f"rint(`{name}` * {scale}) / {scale}"
    return f"CASE WHEN {rounded} = 0D THEN 0D ELSE {rounded} END"


def _key_or_declared(family: OwnFamily, name: str) -> str:
    return ", the entity of each row" if name == family.entity.value else ", as the header declares it"
