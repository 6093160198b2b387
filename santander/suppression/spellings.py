"""Customer ids in bytes, as people and tools spell them: 1375586, 1,375,586, 1.375586e6, digits of other scripts.

A plain id is a run of digits with no letter or digit at either end that is no part of a decimal number; ``1375586.0`` is the
same id as a spreadsheet writes it, and an underscore hides none (``cust_1375586_x``). Leading zeros do not count, as the key's
rule allows them. ``number_named`` reads a whole field.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import numpy as np
import numpy.typing as npt

SHORTEST = 5
"""Shorter numbers are everywhere in a text and tell of nobody; columns of ids are read by value, whatever their length."""
LONGEST = 18

Numbers = npt.NDArray[np.int64]

IS_WORD = np.zeros(256, np.bool_)
IS_WORD[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] = True
_POINT, _PLUS, _ZERO, _NINE, _E = (ord(each) for each in ".+09e")


def sorted_ids(ids: Collection[int]) -> Numbers:
    """The ids as all that looks for them takes them."""
    return np.unique(np.fromiter(ids, np.int64, len(ids)))


def plain_numbers(data: bytes | memoryview, shortest: int = SHORTEST, *, glued: bool = False) -> tuple[Numbers, Numbers]:
    """All tokens of at least ``shortest`` digits: offsets and values; ``glued``: those with letters beside them, too."""
    text = np.frombuffer(data, np.uint8)
    if not text.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    digit = (text - _ZERO) < 10  # below "0" the subtraction wraps around
    run = digit[: max(text.size - shortest + 1, 0)].copy()  # where at least so many digits begin
    for place in range(1, shortest):
        run &= digit[place : place + run.size]
    run[1:] &= ~digit[: max(run.size - 1, 0)]
    starts = np.flatnonzero(run)
    ends = starts + shortest
    for _ in range(LONGEST + 1 - shortest):
        ends += np.where(ends < text.size, digit[np.minimum(ends, text.size - 1)], False)
    fitting = ends - starts <= LONGEST
    starts, ends = starts[fitting], ends[fitting]
    whole = _stand_alone(text, starts, ends, glued=glued)
    starts, ends = starts[whole], ends[whole]
    values = np.zeros(starts.size, np.int64)
    for place in range(int((ends - starts).max(initial=0))):
        inside = starts + place < ends
        values[inside] = values[inside] * 10 + (text[starts[inside] + place] - _ZERO)
    return starts, values


def _stand_alone(text: npt.NDArray[np.uint8], starts: Numbers, ends: Numbers, *, glued: bool) -> npt.NDArray[np.bool_]:
    """Of runs of digits, which are tokens: neither part of a word nor of a decimal number."""

    def at(positions: Numbers) -> npt.NDArray[np.uint8]:
        inside = (positions >= 0) & (positions < text.size)
        return np.where(inside, text[np.clip(positions, 0, text.size - 1)], ord(" ")).astype(np.uint8)

    def is_digit(characters: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        return (characters >= _ZERO) & (characters <= _NINE)

    before, after = at(starts - 1), at(ends)
    is_fraction = (before == _POINT) & is_digit(at(starts - 2))
    has_fraction = (after == _POINT) & is_digit(at(ends + 1))
    only_zero = has_fraction.copy()
    undecided = np.flatnonzero(has_fraction)
    place = 1
    while undecided.size:
        character = at(ends[undecided] + place)
        only_zero[undecided[is_digit(character) & (character != _ZERO)]] = False
        undecided, place = undecided[character == _ZERO], place + 1
    whole: npt.NDArray[np.bool_] = ~is_fraction & (~has_fraction | only_zero)
    return whole if glued else whole & ~IS_WORD[before] & ~IS_WORD[after]


_GROUP = 3
_SEPARATORS = b",.' _\xa0"  # the last is the space that does not break, in one byte
_SEPARATOR = np.zeros(256, np.bool_)
_SEPARATOR[list(_SEPARATORS)] = True
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
_GROUPS = re.compile(
    rb"(?<![0-9A-Za-z])([1-9][0-9]{0,2}(?:([,.' _\xa0])[0-9]{3})(?:\2[0-9]{3}){0,4})(?![0-9A-Za-z]|\2[0-9]|[.,][1-9]|[.,]0[1-9])"
)
_NO_DIGIT = re.compile(rb"[^0-9]")
_WINDOW = 32
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
    found = [plain_numbers(data, shortest, glued=glued)]
    text = np.frombuffer(data, np.uint8)
    if text.size > _GROUP + 1:
        found += [_grouped(data, text, shortest), _powers(data, text, shortest)]
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


def _grouped(data: bytes | memoryview, text: npt.NDArray[np.uint8], shortest: int) -> tuple[Numbers, Numbers]:
    """Numbers in groups of three behind one and the same separator, which is not that of a list of numbers."""
    digit = np.append((text - _ZERO) < 10, False)
    three = digit[2:-3] & digit[3:-2] & digit[4:-1] & ~digit[5:]
    last = np.flatnonzero(_SEPARATOR[text[1:-3]] & digit[:-5] & three) + 1  # separators before three last digits
    return _matches(data, last, (_GROUPS,), _GROUP + 1, _of_groups, shortest)


def _of_groups(found: re.Match[bytes]) -> int | None:
    """The number, None for the end of a list of numbers or of a decimal one: two groups with a point between are one as well."""
    before, mark = found.string[max(found.start() - 2, 0) : found.start()], found[2]
    if (before[:1].isdigit() and before[1:] in (mark, b".")) or (mark == b"." and found[1].count(b".") == 1):
        return None
    return int(_NO_DIGIT.sub(b"", found[1]))


def _powers(data: bytes | memoryview, text: npt.NDArray[np.uint8], shortest: int) -> tuple[Numbers, Numbers]:
    """Numbers with a power of ten."""
    at_e = np.flatnonzero((text[1:-1] | 0x20) == _E) + 1
    after = text[at_e + 1]
    at_e = at_e[((text[at_e - 1] - _ZERO) < 10) & (((after - _ZERO) < 10) | (after == _PLUS))]
    return _matches(data, at_e, _POWERS, 0, lambda found: _whole(found[1] + b"e" + found[2]), shortest)


def _matches(
    data: bytes | memoryview,
    at: Numbers,
    patterns: Iterable[re.Pattern[bytes]],
    past: int,
    number_of: Callable[[re.Match[bytes]], int | None],
    shortest: int,
) -> tuple[Numbers, Numbers]:
    """Numbers that match a pattern whose first group ends ``past`` bytes after one of these positions: offsets and values."""
    found: list[tuple[int, int]] = []
    for position in at.tolist():
        begin = max(position - _WINDOW, 0)
        window = bytes(data[begin : position + 12])
        for pattern in patterns:
            match = pattern.search(window)
            while match:
                if begin + match.end(1) == position + past:
                    number = number_of(match)
                    if number is not None and number >= 10 ** (shortest - 1):
                        found.append((begin + match.start(1), number))
                match = pattern.search(window, match.start() + 1)
    starts, values = zip(*found, strict=True) if found else ((), ())
    return np.array(starts, np.int64), np.array(values, np.int64)


def _whole(text: bytes) -> int | None:
    try:
        number = Decimal(text.decode().replace(",", "."))
    except InvalidOperation:
        return None
    if number.adjusted() >= LONGEST or number != number.to_integral_value():
        return None
    return int(number)
