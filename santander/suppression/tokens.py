"""Customer ids as whole tokens in bytes, found for any number of ids in one pass.

A token is a run of digits with no letter or digit at either end that is no part of a decimal number; ``1375586.0`` is the same
id as a spreadsheet writes it, and an underscore hides none (``cust_1375586_x``). Leading zeros do not count, as the key's rule
allows them. Other spellings of a number are found by ``spellings``.
"""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

SHORTEST = 5
"""Shorter numbers are everywhere in a text and tell of nobody; columns of ids are read by value, whatever their length."""
LONGEST = 18

Numbers = npt.NDArray[np.int64]

IS_WORD = np.zeros(256, np.bool_)
IS_WORD[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] = True
_POINT, _ZERO, _NINE = ord("."), ord("0"), ord("9")


def sorted_ids(ids: Collection[int]) -> Numbers:
    """The ids as all that looks for them takes them."""
    return np.unique(np.fromiter(ids, np.int64, len(ids)))


def numbers_in(data: bytes | memoryview, shortest: int = SHORTEST, *, glued: bool = False) -> tuple[Numbers, Numbers]:
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
