"""Values of a record as the texts that a landing file would have in their place, so that the rules of ingest judge them."""

import datetime as dt
from decimal import Decimal

from santander.schema.columns import TRUE_TEXTS, Column

_HIGHEST = 10**60
"""Beyond it a number is spelled as one that no rule takes: Python refuses to spell numbers of thousands of digits."""


def text_of(column: Column, value: object) -> str | None:
    """Return the text for a value; None for one of a type that stands in no landing file.

    Numbers are spelled with all their digits and no exponent, true and false as the column writes them.
    """
    match value:
        case str():
            return value
        case bool():
            of_truth = column.values if column.type == "boolean" else ()
            return next((text for text in of_truth if (text in TRUE_TEXTS) == value), None)
        case int():
            return str(value) if abs(value) < _HIGHEST else f"{_HIGHEST}"
        case float():
            text = repr(value)
            return format(Decimal(text), "f") if "e" in text else text
        case dt.date():
            return value.isoformat()
    return None
