"""Ids as people and tools spell them: 1,375,586 and 1.375.586, 1.375586e6, digits of other scripts.

``numbers_in`` finds them in bytes, beside the plain ones of ``tokens``; ``number_named`` reads a whole field.
"""

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from santander.suppression import tokens
from santander.suppression.tokens import LONGEST, SHORTEST, Numbers

_GROUP = 3
_MOST_GROUPS = 6
_SEPARATORS = b",.' _\xa0"  # the last is the space that does not break, in one byte
_SEPARATOR = np.zeros(256, np.bool_)
_SEPARATOR[list(_SEPARATORS)] = True
_DOT, _PLUS, _ZERO, _E = ord("."), ord("+"), ord("0"), ord("e")
_FIRST_OTHER = 0xD9
_OTHER_SCRIPT = np.zeros(256, np.bool_)
_OTHER_SCRIPT[[_FIRST_OTHER, 0xDB, *range(0xDF, 0xEB), 0xEF, 0xF0]] = True
"""Bytes that begin digits of other scripts, and most spaces that do not break, in UTF-8; accents of Spanish do not."""
_UNBROKEN = "\u00a0".encode()
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f"), " ")
_POWERS = (
    re.compile(rb"(?<![0-9A-Za-z.])([0-9]+(?:\.[0-9]+)?)[eE]\+?([0-9]{1,2})(?:\.0+)?(?![0-9A-Za-z])"),
    re.compile(rb"(?<![0-9A-Za-z.,])([0-9]+,[0-9]+)[eE]\+?([0-9]{1,2})(?:\.0+)?(?![0-9A-Za-z])"),
)
"""With a point or a comma for decimals; what is before a comma may be another field."""
_WINDOW = 28
_PLAIN_FIELD = re.compile(r"([0-9]+)(?:[.,]0*)?")
_GROUPED_FIELD = re.compile(r"([0-9]{1,3})(?:([,.' _])[0-9]{3})(?:\2[0-9]{3})*(?:[.,]0+)?")
_POWER_FIELD = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}")


def find(data: bytes | memoryview, ids: Numbers, shortest: int = SHORTEST, *, glued: bool = False) -> tuple[Numbers, Numbers]:
    """Where one of the ids stands alone, in whatever spelling: offsets, and which id it is; ``glued``: or beside letters."""
    starts, values = numbers_in(data, shortest, glued=glued)
    met = np.isin(values, ids)
    return starts[met], values[met]


def numbers_in(data: bytes | memoryview, shortest: int = SHORTEST, *, glued: bool = False) -> tuple[Numbers, Numbers]:
    """All numbers of at least ``shortest`` digits that stand alone: offsets and values, in no order."""
    found = [tokens.numbers_in(data, shortest, glued=glued)]
    text = np.frombuffer(data, np.uint8)
    if text.size > _GROUP + 1:
        found += [_grouped(text, shortest), _powers(data, text, shortest)]
    starts, values = zip(*found, strict=True)
    return np.concatenate(starts), np.concatenate(values)


def plain_digits(data: bytes) -> bytes:
    """UTF-8 with the digits of other scripts as those of ASCII and every space plain; the same object where it has none."""
    if data.isascii():
        return data
    text_bytes = np.frombuffer(data, np.uint8)
    if not _OTHER_SCRIPT[text_bytes[text_bytes >= _FIRST_OTHER]].any() and _UNBROKEN not in data:
        return data
    text = data.decode("utf-8", "surrogateescape")
    table = {ord(each): str(unicodedata.decimal(each)) for each in set(text) if not each.isascii() and each.isdecimal()}
    return text.translate(table | _SPACES).encode("utf-8", "surrogateescape")


@lru_cache(maxsize=1 << 16)
def number_named(field: str) -> int | None:
    """The number that a field is, in whatever spelling; None for one that is no whole number."""
    text = field.strip(" \t\r\n\"'=\ufeff\u00a0").removeprefix("+")
    if not text.isascii():
        text = plain_digits(text.encode("utf-8", "replace")).decode()
    if plain := _PLAIN_FIELD.fullmatch(text):
        digits = plain[1]
    elif _GROUPED_FIELD.fullmatch(text):
        whole = re.sub(r"[.,]0{1,2}$", "", text)
        digits = re.sub(r"[^0-9]", "", whole)
    elif _POWER_FIELD.fullmatch(text):
        return _whole(text.encode())
    else:
        return None
    number = digits.lstrip("0") or "0"
    return int(number) if len(number) <= LONGEST else None


def _grouped(text: npt.NDArray[np.uint8], shortest: int) -> tuple[Numbers, Numbers]:
    """Numbers in groups of three behind one and the same separator, which is not that of a list of numbers."""
    digit = (text - _ZERO) < 10
    size = text.size
    three = digit[2:-2] & digit[3:-1] & digit[4:]  # where exactly three digits begin, two characters or more into the text
    three[:-1] &= ~digit[5:]
    three &= ~digit[1:-3]
    at = np.flatnonzero(three) + 1
    at = at[_SEPARATOR[text[at]] & digit[at - 1]]  # separators before three last digits
    if not at.size:
        return at, at

    def character(positions: Numbers) -> npt.NDArray[np.uint8]:
        inside = (positions >= 0) & (positions < size)
        return np.where(inside, text[np.clip(positions, 0, size - 1)], ord(" ")).astype(np.uint8)

    def is_digit(positions: Numbers) -> npt.NDArray[np.bool_]:
        return (character(positions) - _ZERO) < 10

    mark, end = text[at], at + _GROUP + 1
    goes_on = (character(end) == mark) & is_digit(end + 1)
    fraction = np.isin(character(end), np.frombuffer(b".,", np.uint8)) & is_digit(end + 1) & ~goes_on
    whole = fraction & (character(end + 1) == _ZERO) & ~((character(end + 2) - _ZERO < 10) & (character(end + 2) != _ZERO))
    keep = ~goes_on & ~tokens.IS_WORD[character(end)] & (~fraction | whole)
    at, mark = at[keep], mark[keep]
    value, unit, start = np.zeros(at.size, np.int64), np.ones(at.size, np.int64), at.copy()
    groups, alive, done = np.zeros(at.size, np.int64), np.ones(at.size, np.bool_), np.zeros(at.size, np.bool_)

    def add(of: npt.NDArray[np.bool_], position: Numbers) -> None:
        value[of] += (character(position)[of].astype(np.int64) - _ZERO) * unit[of]
        unit[of] *= 10

    for place in range(_GROUP, 0, -1):
        add(alive, at + place)
    for _ in range(_MOST_GROUPS - 1):
        length = np.zeros(at.size, np.int64)
        for place in range(1, _GROUP + 1):
            longer = alive & ~done & (length == place - 1) & is_digit(start - place)
            add(longer, start - place)
            length += longer
        before = start - length - 1
        groups += (alive & ~done).astype(np.int64)
        chained = alive & ~done & (length == _GROUP) & (character(before) == mark) & is_digit(before - 1)
        listed = (character(before) == mark) & is_digit(before - 1)
        decimal = (character(before) == _DOT) & is_digit(before - 1)
        alone = ~tokens.IS_WORD[character(before)] & ~listed & ~decimal & (length > 0)
        ends = alive & ~done & ~chained
        alive &= ~ends | (alone & (character(before + 1) != _ZERO))
        done |= ends
        start = np.where(chained, before, np.where(ends, before + 1, start))
    # a point before three last digits is a decimal one, unless there is another before it
    keep = alive & done & ((mark != _DOT) | (groups > 1)) & (value >= 10 ** (shortest - 1))
    return start[keep], value[keep]


def _powers(data: bytes | memoryview, text: npt.NDArray[np.uint8], shortest: int) -> tuple[Numbers, Numbers]:
    """Numbers with a power of ten."""
    at_e = np.flatnonzero((text[1:-1] | 0x20) == _E) + 1
    after = text[at_e + 1]
    at_e = at_e[((text[at_e - 1] - _ZERO) < 10) & (((after - _ZERO) < 10) | (after == _PLUS))]
    starts: list[int] = []
    values: list[int] = []
    for at in at_e.tolist():
        begin = max(at - _WINDOW, 0)
        window = bytes(data[begin : at + 12])
        for found in (found for pattern in _POWERS for found in pattern.finditer(window)):
            number = _whole(found[1] + b"e" + found[2])
            if begin + found.end(1) == at and number is not None and number >= 10 ** (shortest - 1):
                starts.append(begin + found.start(1))
                values.append(number)
    return np.array(starts, np.int64), np.array(values, np.int64)


def _whole(text: bytes) -> int | None:
    try:
        number = Decimal(text.decode().replace(",", "."))
    except InvalidOperation:
        return None
    if number.adjusted() >= LONGEST or number != number.to_integral_value():
        return None
    return int(number)
