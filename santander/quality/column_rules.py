"""The rules of landing files as rules on rows of ``customers``: what ingest refuses must not stand in the table either."""

import datetime as dt
from collections.abc import Iterator

from santander.quality.rules import ROWS, RowRule
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.columns import PROFILE_COLUMNS, Column


def column_rules() -> Iterator[tuple[Column, RowRule]]:
    """Return each column of the profile whose values a condition can tell, with its rule: a set, a range, a length or a shape.

    Booleans have none, and dates without a range: their type leaves nothing else to be wrong.
    """
    for column in PROFILE_COLUMNS:
        if column.type != "boolean" and (found := _broken(column)):
            kind, condition = found
            known = f"{column.name} IS NULL OR {condition}" if column.breaks_row else condition
            rule = RowRule(
                name=f"{column.short_name or column.name}_{kind}",
                column=column.name,
                meaning=f"known, {column.legal}" if column.breaks_row else column.legal,
                of=ROWS if column.breaks_row else f"known_{column.name}",
                broken=known,
            )
            yield column, rule


def rules_between_columns() -> Iterator[RowRule]:
    """Return a rule for each rule between columns that can be told from a row of the table."""
    for rule in BETWEEN_COLUMNS:
        if rule.sql:
            first = rule.columns[0]
            yield RowRule(name=rule.name, column=first, meaning=rule.meaning, of=f"known_{first}", broken=rule.sql)


def _broken(column: Column) -> tuple[str, str] | None:
    """Return what kind of rule it is, and the SQL that finds a value that breaks it."""
    name = column.name
    if column.values:
        texts = (f"'{value}'" if column.type == "string" else value for value in column.values)
        return "values", f"{name} NOT IN ({', '.join(texts)})"
    if column.span:
        sides = ((column.low, "<"), (column.high, ">"))
        return "range", " OR ".join(f"{name} {sign} {_in_sql(bound)}" for bound, sign in sides if bound is not None)
    if column.longest:
        return "length", f"length({name}) < 1 OR length({name}) > {column.longest}"
    if column.shape and column.type == "string":
        return "values", f"NOT ({name} RLIKE '^(?:{column.shape})$')"
    return None


def _in_sql(bound: float | dt.date) -> str:
    return f"DATE '{bound.isoformat()}'" if isinstance(bound, dt.date) else f"{bound:.0f}"
