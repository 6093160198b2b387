"""Which rules of offers each customer of a month meets: their conditions over one row, asked of the engine.

A row has the columns of ``customers`` but for the products of the month, which are not known when it is scored, and those of
``features`` whose names ``customers`` has not.
"""

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from santander.config.offer_rules import OfferRule
from santander.features.own.leakage import BY_CHANCE_OR_CLOCK
from santander.features.own.refusal import named, told
from santander.features.own.views import COLUMNS
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, Columns
from santander.schema.features import FEATURES
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES
from santander.schema.types import arrow_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RULES_MET = "rules_met"
"""The column with bit n set where the customer meets the n-th rule."""

OF_CUSTOMERS: Columns = tuple((name, type_) for name, type_ in CUSTOMERS.columns if name in COLUMNS)
OF_FEATURES: Columns = tuple((feature.name, feature.type) for feature in FEATURES if feature.name not in COLUMNS)
_VISIBLE = tuple(name for name, _ in (*OF_CUSTOMERS, *OF_FEATURES))
_TEXT = re.compile(r"'(?:[^'\\]|\\.|'')*'")
_OTHER_ROWS = re.compile(r"\b(select|over)\b", re.IGNORECASE)
_TEXTS = {"country": "ES", "channel": "KHL", "province": "MADRID", "segment": "02 - PARTICULARES"}
_VALUES = {"boolean": True, "date": dt.date(2016, 6, 28), "double": 1.0}
_ONE_ROW = "a condition sees one customer's row of the month"
_BOTH = "it must run on sail and on Apache Spark alike"


def refuse_wrong_conditions(lake: Lake, rules: Sequence[OfferRule]) -> None:
    """Raise InputError, which names file, line, rule and column, for the first condition that is none on a row.

    No table is read: the engine is asked about one row of our own, so that a text compared with a number is found as well.
    """
    for rule in rules:
        _refuse_other_rows(rule)
    row = _row_of_our_own(lake)
    try:
        types = _types(row, rules)
    except Exception:
        for rule in rules:
            try:
                _types(row, [rule])
            except Exception as error:  # noqa: BLE001
                _refuse(lake, rule, error)
        raise
    for rule, made in zip(rules, types, strict=True):
        if made != "boolean":
            what = f"'where' makes {'nothing' if made == 'void' else made}, and a condition is true or false"
            raise rule.place.refused(rule.name, what, "compare it, as in age < 18", example=rule.where)


def _types(row: "DataFrame", rules: Sequence[OfferRule]) -> list[str]:
    """Return what each condition makes, as Spark SQL names types; raises whatever the engine raises."""
    # beside a column an aggregate is refused, as it is where a month is scored
    met = row.selectExpr("customer_id", *(f"{_alone(rule)} AS met_{n}" for n, rule in enumerate(rules)))
    met.collect()
    return [field.dataType.simpleString() for field in met.schema.fields[1:]]


def with_rules_met(lake: Lake, month: Month, rules: Sequence[OfferRule]) -> "DataFrame":
    """Return (customer_id, snapshot_date, rules_met), a row per customer of the month.

    The table of features is read only where a condition names one of its columns.
    """
    rows = lake.read_months(CUSTOMERS, [month]).select(*COLUMNS)
    if used := [name for name, _ in OF_FEATURES if any(_names(rule, name) for rule in rules)]:
        features = lake.read_months(FEATURES_TABLE, [month]).select("customer_id", *used)
        rows = rows.join(features, on="customer_id", how="left")
    bits = (f"CASE WHEN {_alone(rule)} THEN CAST({1 << n} AS bigint) ELSE CAST(0 AS bigint) END" for n, rule in enumerate(rules))
    return rows.selectExpr("customer_id", "snapshot_date", f"{' | '.join(bits) or 'CAST(0 AS bigint)'} AS {RULES_MET}")


def _row_of_our_own(lake: Lake) -> "DataFrame":
    """A row with a value in every column, texts that are no numbers among them."""
    from pyspark.sql.pandas.types import from_arrow_schema

    columns = (*OF_CUSTOMERS, *OF_FEATURES)
    row = tuple(_TEXTS.get(name, "A") if type_ == "string" else _VALUES.get(type_, 1) for name, type_ in columns)
    return lake.session.createDataFrame([row], from_arrow_schema(arrow_schema(columns)))


def _alone(rule: OfferRule) -> str:
    """Return the condition as a term; on lines of its own, so that a comment in it ends."""
    return f"(\n{rule.where}\n)"


def _names(rule: OfferRule, column: str) -> bool:
    return re.search(rf"\b{column}\b", _TEXT.sub("''", rule.where), re.IGNORECASE) is not None


def _refuse_other_rows(rule: OfferRule) -> None:
    code = re.sub(r"--.*", "", _TEXT.sub("''", rule.where))
    if found := _OTHER_ROWS.search(code):
        what = f"'{found[1]}' looks at other rows"
        raise rule.place.refused(rule.name, what, _ONE_ROW, example=found[1])
    if found := BY_CHANCE_OR_CLOCK.search(code):
        word = found[1] or found[2]
        hint = "the month itself is snapshot_date"
        raise rule.place.refused(rule.name, f"{word} gives other values on another run or day", hint, example=word)


def _refuse(lake: Lake, rule: OfferRule, error: Exception) -> NoReturn:
    engine = "Apache Spark" if lake.has_workers else "sail"
    what, hint, name = named(str(error), engine, _VISIBLE, _BOTH) or told(error, engine, None, _BOTH)
    if "GROUP BY" in hint:
        what, hint = "an aggregate looks at other rows", _ONE_ROW
    if name in (*PRODUCT_NAMES, "holdings"):
        hint = "products of the month are not known when it is scored; owned has those held before, a bit each"
    raise rule.place.refused(rule.name, what, hint, column=name, example=name or rule.where) from error
