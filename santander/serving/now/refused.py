"""What is said of a value that a record cannot be scored with."""

from typing import NamedTuple

LONGEST_TEXT = 100
"""Characters of a text that are told: whoever sent it knows the rest."""

WRONG_TYPE = "wrong_type"
UNKNOWN_FIELD = "unknown_field"
GIVEN_TWICE = "given_twice"
NOT_A_RECORD = "not_a_record"
OTHER_MONTH = "other_month"
NOT_SERVED = "not_served"
NO_MONTH = "no_month"
NOT_BEFORE = "not_before_the_month"
OLDER = "older_than_is_used"
NOT_ALL_PRODUCTS = "not_24_flags"

RULES = {
    WRONG_TYPE: "the value is of a type that no text of a landing file has",
    UNKNOWN_FIELD: "no column of the profile has this name, in Spanish or in English",
    GIVEN_TWICE: "the field is given by its Spanish and by its English name",
    NOT_A_RECORD: "the record is no object of fields",
    OTHER_MONTH: "the record is of another month than the one that is served",
    NOT_SERVED: "nothing is said of this customer",
    NO_MONTH: "the key of a history is no month such as 2016-05",
    NOT_BEFORE: "the month of a history does not lie before the month that is served",
    OLDER: "the month lies further back than the features look",
    NOT_ALL_PRODUCTS: "the flags of a month are not a list of one for each of the 24 products",
}
"""Rules beside those of ingest, by which a value has the name that it would have in quarantine."""


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
