"""Texts of one column to typed values by its rule in ``schema.columns``, which is applied to the distinct texts of a chunk."""

import datetime as dt
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.ingest.parsing import Texts
from santander.schema.columns import COLUMNS, TRUE_TEXTS, Column
from santander.schema.types import arrow_type

UNREADABLE, OUT_OF_RANGE = "unreadable", "out_of_range"
FAULTS = (UNREADABLE, OUT_OF_RANGE)
"""What may be wrong with a text by the rule of its column."""

_KEY = COLUMNS[1]
_POINT_ZERO = r"^(-?[0-9]{1,18})\.0{1,20}$"
"""A whole number as a float is written: what is before the point is meant."""
_FEW = 64
"""Most distinct texts whose result is kept for the next chunk."""
NUMBERS = frozenset(position for position, column in enumerate(COLUMNS) if column.type in {"bigint", "double"})
"""Columns whose texts are nearly all different: keys and amounts."""


@dataclass(frozen=True, slots=True)
class CleanColumn:
    """One column of a chunk: typed values, and per row 0 when legal or missing, else what is wrong.

    That is a place, counted from 1, in ``FAULTS`` and, where a rule between columns was broken, in the longer list of
    ``contradictions.VALUE_REASONS``.
    """

    values: pa.Array
    status: npt.NDArray[np.int8] | None


def clean_column(column: Column, texts: Texts, null_spellings: tuple[str, ...] = ()) -> CleanColumn:
    """Apply one column's rule to its distinct texts, then spread the outcome over the rows; texts stay a dictionary."""
    if not isinstance(texts, pa.DictionaryArray):
        plain = _plain_numbers(column, texts, null_spellings)
        return plain or clean_column(column, texts.dictionary_encode(), null_spellings)
    distinct = texts.dictionary
    if len(distinct) <= _FEW:
        ruled = _ruled_before(column, tuple(distinct.to_pylist()), null_spellings)
    else:
        ruled = _ruled(column, distinct, null_spellings)
    if isinstance(ruled.values, pa.DictionaryArray):
        spread = pa.DictionaryArray.from_arrays(ruled.values.indices.take(texts.indices), ruled.values.dictionary)
    else:
        spread = ruled.values.take(texts.indices)
    return CleanColumn(spread, None if ruled.status is None else ruled.status[texts.indices.to_numpy()])


@lru_cache(maxsize=1024)
def _ruled_before(column: Column, texts: tuple[str, ...], null_spellings: tuple[str, ...]) -> CleanColumn:
    """Return the result of a chunk's texts: one chunk after the other has the same few texts in most columns."""
    return _ruled(column, pa.array(texts, pa.string()), null_spellings)


def _ruled(column: Column, texts: pa.StringArray, null_spellings: tuple[str, ...]) -> CleanColumn:
    """The rule applied to texts; where they stay texts, as a dictionary, since two may say the same and one nothing."""
    trimmed = pc.utf8_trim_whitespace(texts)
    plain = pc.replace_substring_regex(trimmed, _POINT_ZERO, r"\1") if column.is_whole else trimmed
    silent = pc.is_in(plain, pa.array(column.silent(null_spellings), pa.string()))
    legal = pc.match_substring_regex(trimmed, f"^(?:{column.pattern})$")
    values = _cast(column, pc.if_else(pc.and_not(legal, silent), plain, None))
    status = np.where(pc.or_(silent, pc.is_valid(values)).to_numpy(zero_copy_only=False), 0, 1).astype(np.int8)
    if column.low is not None or column.high is not None:
        outside = pc.fill_null(_outside(column, values), False)
        values = pc.if_else(outside, None, values)
        status[outside.to_numpy(zero_copy_only=False)] = 2
    values = values.cast(arrow_type(column.type))
    return CleanColumn(values.dictionary_encode() if column.type == "string" else values, status if status.any() else None)


def _plain_numbers(column: Column, texts: pa.StringArray, null_spellings: tuple[str, ...]) -> CleanColumn | None:
    """Return the values of a column of numbers that are all written plainly, or missing; None where any is not.

    The numbers of digits before and after the point decide as the pattern does, without a look at each text.
    """
    if not column.digits or not len(texts):
        return None
    says_nothing = column.silent(null_spellings)
    silent = pc.is_in(texts, pa.array(says_nothing, pa.string())) if says_nothing else None
    written = texts if silent is None else texts.filter(pc.invert(silent))
    ends = np.frombuffer(written.buffers()[1], np.int32)[written.offset : written.offset + len(written) + 1]
    characters = np.frombuffer(written.buffers()[2] or b"", np.uint8)[ends[0] : ends[-1]]
    if not _are_plain(characters, ends - ends[0], column.digits, column.decimals):
        return None
    values = _cast(column, texts if silent is None else pc.if_else(silent, None, texts))
    if pc.any(_outside(column, values)).as_py():
        return None
    return CleanColumn(values.cast(arrow_type(column.type)), None)


def plain_number(column: Column, text: str, silent: Container[str]) -> float | None:
    """Return the value of one text that says a number plainly, in the column's range; None where the rule must be asked.

    ``silent`` are the texts that say nothing. It is ``clean_column`` for texts that come one at a time.
    """
    whole, point, fraction = text.partition(".")
    if not _is_digits(whole, column.digits) or (point and not _is_digits(fraction, column.decimals)) or text in silent:
        return None
    value = float(text) if column.type == "double" else int(text)
    too_low = isinstance(column.low, dt.date) or (column.low is not None and value < column.low)
    too_high = isinstance(column.high, dt.date) or (column.high is not None and value > column.high)
    return None if too_low or too_high else value


def _is_digits(text: str, most: int) -> bool:
    return 1 <= len(text) <= most and text.isascii() and text.isdigit()


def _are_plain(characters: npt.NDArray[np.uint8], ends: npt.NDArray[np.int32], most_whole: int, most_fraction: int) -> bool:
    """Whether all texts, which lie one after another, are digits, or digits, a point and digits, up to so many of each."""
    points = np.flatnonzero((characters < ord("0")) | (characters > ord("9")))
    if not (characters[points] == ord(".")).all():
        return False
    texts = np.searchsorted(ends, points, side="right") - 1
    if not (np.diff(texts) > 0).all():
        return False
    whole = np.diff(ends)
    whole[texts] = points - ends[texts]
    fraction = ends[texts + 1] - 1 - points
    return _between(whole, most_whole) and _between(fraction, most_fraction)


def _between(lengths: npt.NDArray[np.integer], most: int) -> bool:
    return not len(lengths) or bool(lengths.min() >= 1 and lengths.max() <= most)


def _cast(column: Column, texts: pa.Array) -> pa.Array:
    """Typed values of texts that match the pattern, null elsewhere; integers stay 64 bits wide until the range is checked."""
    match column.type:
        case "string":
            return pc.utf8_slice_codeunits(texts, 0, 1) if column.first_character_only else texts
        case "boolean":
            return pc.if_else(pc.is_valid(texts), pc.is_in(texts, pa.array(TRUE_TEXTS)), None)
        case "date":
            return pa.array([_calendar_day(text) for text in texts.to_pylist()], pa.date32())
        case "double":
            return texts.cast(pa.float64())
        case _:
            return texts.cast(pa.int64())


def _calendar_day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _outside(column: Column, values: pa.Array) -> pa.BooleanArray:
    """Compared in the column's own type: against a float, Arrow refuses integers that no double can hold."""
    sides = [
        compare(values, pa.scalar(bound, values.type))
        for compare, bound in ((pc.less, column.low), (pc.greater, column.high))
        if bound is not None
    ]
    return reduce(pc.or_, sides)


def customer_ids(texts: Sequence[str]) -> pa.Array:
    """Return the customer ids of texts by the rule of their column, null where a text is no id."""
    return clean_column(_KEY, pa.array(texts, pa.string()).dictionary_encode()).values
