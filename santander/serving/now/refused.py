"""What is said of a value that a record cannot be scored with."""

from typing import NamedTuple

LONGEST_TEXT = 100
"""Characters of a text that are told: whoever sent it knows the rest."""

MOST_FIELDS, MOST_MONTHS = 100, 240
"""Unknown fields of a record that are told, and months that a history may have: more of them are work and no use."""

# Rules beside those of ingest, by which a value has the name that it would have in quarantine.
NOT_A_RECORD = "not_a_record"
UNKNOWN_FIELD = "unknown_field"
WRONG_TYPE = "wrong_type"
"""The value is of a type that no text of a landing file has."""
GIVEN_TWICE = "given_twice"
"""By the Spanish and by the English name of the field."""
OTHER_MONTH = "other_month"
"""The record is of another month than the one that is served."""
NOT_SERVED = "not_served"
"""Nothing is said of this customer."""
NOT_ALL_PRODUCTS = "not_24_flags"
NO_MONTH = "no_month"
NOT_BEFORE = "not_before_the_month"
OLDER = "older_than_is_used"
TOO_MANY_MONTHS = "too_many_months"


class Refused(NamedTuple):
    """A value that is not used, and the rule it breaks."""

    field: str
    """The name in the record; of a history ``history.2016-05`` or ``history.2016-05.taxes``."""
    text: str
    rule: str


def refused(field: object, value: object, rule: str) -> Refused:
    """Return what is said of a value, in texts of bounded length that any encoding can write."""
    return Refused(_told(field), _told(value), rule)


def _told(value: object) -> str:
    text = value if isinstance(value, str) else _as_text(value)
    cut = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
    return cut if cut.isascii() else cut.encode(errors="replace").decode()


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int():
            return str(value) if value.bit_length() <= LONGEST_TEXT * 3 else f"a number of {value.bit_length()} bits"
        case list() | tuple():
            return f"a list of {len(value)}"
        case dict():
            return f"an object of {len(value)}"
    return repr(value)
