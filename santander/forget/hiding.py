"""Names of files on record, in which the digits that tell a person are hidden."""

import re

from santander.forget.decoding import names_in
from santander.storage.places import HIDDEN
from santander.suppression.spellings import Numbers

_NUMBERS = (re.compile(r"\d+"), re.compile(r"\d+(?:[.,' _]\d{3})+"))


def without_ids(text: str, ids: Numbers) -> str:
    """Return a name, or a line that holds some, with the digits hidden that tell a person; as long as it was."""
    for numbers in _NUMBERS:
        text = numbers.sub(lambda number: _hidden(number[0]) if names_in(number[0], ids).size else number[0], text)
    return _hidden(text) if names_in(text, ids).size else text


def _hidden(text: str) -> str:
    return re.sub(r"\d", HIDDEN, text)
