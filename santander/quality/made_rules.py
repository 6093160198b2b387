"""Rules made from declarations elsewhere: what a landing file may hold, and the legal range of each feature."""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import groupby

from santander.quality.rules import ROWS, RowRule
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.columns import PROFILE_COLUMNS, Column
from santander.schema.features import FEATURES, Feature


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


def range_rules(features: Iterable[Feature] = FEATURES) -> list[RowRule]:
    """Return one rule for each feature with a bound, or one for all that share a rule, in the order of the declaration."""
    by_rule: dict[str, list[Feature]] = {}
    for feature in features:
        if feature.range is not None and _outside(feature):
            by_rule.setdefault(feature.range.rule or f"{feature.name}_range", []).append(feature)
    return [_rule(name, features) for name, features in by_rule.items()]


def _rule(name: str, features: list[Feature]) -> RowRule:
    alone = len(features) == 1
    words = [f"{', '.join(each.name for each in alike)}: {of}" for of, alike in groupby(features, key=_words)]
    return RowRule(
        name=name,
        column=features[0].name if alone else name,
        meaning=_words(features[0]) if alone else "; ".join(words),
        of=f"known_{features[0].name}" if alone else ROWS,
        broken=" OR ".join(outside for each in features for outside in _outside(each)),
    )


def _words(feature: Feature) -> str:
    return "" if feature.range is None else feature.range.words


def _outside(feature: Feature) -> list[str]:
    """Return the SQL conditions of a value below and above the range; NaN, which engines order differently, lies in none."""
    if feature.range is None:
        return []
    bounds = (("<", feature.range.low), (">", feature.range.high))
    beyond = [f"`{feature.name}` {sign} {bound:.15g}" for sign, bound in bounds if bound is not None]
    return [*beyond, f"isnan(`{feature.name}`)"] if feature.type == "double" else beyond
