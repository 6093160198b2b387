"""Rules of offers that name a column which no customer's row has, found without starting an engine."""

import re
from collections.abc import Sequence

from santander.config.offer_rules import OfferRule
from santander.errors import did_you_mean
from santander.scoring.offer_conditions import OF_CUSTOMERS, OF_FEATURES

_UNKNOWN = re.compile(r'Referenced column "([^"]+)" (?:was )?not found')
_COLUMNS = (*OF_CUSTOMERS, *OF_FEATURES)


def refuse_unknown_columns(rules: Sequence[OfferRule]) -> None:
    """Raise InputError, which names file, line, rule and column, for the first condition that names an unknown column.

    DuckDB looks at the conditions, whose SQL is not quite that of the engines: of what else it finds wrong nothing is said here.
    """
    import duckdb

    row = ", ".join(f"CAST(NULL AS {type_}) AS {name}" for name, type_ in _COLUMNS)
    with duckdb.connect() as connection:
        for rule in rules:
            try:
                connection.sql(f"SELECT (\n{rule.where}\n) FROM (SELECT {row})")  # noqa: S608  (the user's own condition, on no data)
            except duckdb.Error as error:
                found = _UNKNOWN.search(str(error))
                if found is not None and f'"{found[1]}"' not in rule.where:  # which is a text for the engines
                    hint = did_you_mean(found[1], [name for name, _ in _COLUMNS])
                    what = f"there is no column '{found[1]}'"
                    raise rule.place.refused(rule.name, what, hint, column=found[1], example=found[1]) from None
