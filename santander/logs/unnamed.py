"""Messages without numbers that may be ids of customers."""

import re

HIDDEN = "[number]"
_ALONE = re.compile(r"(?<![\w/.-])[0-9]{5,18}(?![\w/-]|\.[A-Za-z])")
"""A number of five digits and more on its own: counts are written 13,647,309; fractions and names of files are no ids."""
_ANY = re.compile(r"\d(?:[\d.,'_ \u00a0\u202f]*\d)?")
_SHORTEST = 5
"""Digits of the shortest number that ``forget`` looks for in a text."""


def in_plain_text(message: str) -> str:
    """Return the message without characters that are not to be seen, ends of lines left out."""
    return "".join(each if each.isprintable() or each in "\n\t" else "?" for each in message)


def without_ids(message: str) -> str:
    """Return the message without numbers that stand alone and may be ids."""
    return _ALONE.sub(HIDDEN, message)


def without_numbers(message: str) -> str:
    """Return the message with ``*`` for the digits of every number that may be an id, whatever is around it."""
    return _ANY.sub(lambda found: _hidden(found[0]), message)


def _hidden(number: str) -> str:
    digits = sum(character.isdigit() for character in number)
    return "".join("*" if c.isdigit() else c for c in number) if digits >= _SHORTEST else number
