"""What is counted of a column: each value of a category, ranges of numbers, years of dates, bits of a mask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int32]
"""For each row the place of its value among the values of the column, 0 where it is null."""

NULL = 0
_EIGHTHS = 20
"""Digits of a 32-bit number beyond its sign, its power of two and the eighth above that."""
_EXACT_BELOW = 256
"""Whole numbers up to here are values, greater ones fall into ranges."""


class Kind(StrEnum):
    """How the values of a column are read."""

    CATEGORY = "category"
    NUMBER = "number"
    MASK = "mask"


@dataclass(frozen=True, slots=True)
class Values:
    """One column of some rows: the values there are, as texts, and which of them each row has.

    Of numbers the texts are the ends nearest to 0 of ranges, each an eighth of the way from a power of two to the next one;
    whole numbers below 256 stand for themselves.
    """

    texts: Sequence[str]
    codes: Codes
    """1 for the first of the texts."""


def read_values(column: pa.Array, kind: Kind) -> Values:
    """Return the values of a column that is a category or a number. A date counts by its year."""
    if pa.types.is_date(column.type):
        return _distinct(pc.year(column), str)
    if pa.types.is_floating(column.type):
        return _distinct(_ranges(column), _end_of)
    return _distinct(column, _whole if kind is Kind.NUMBER else _text)


def prints(column: pa.Array, kind: Kind) -> npt.NDArray[np.uint32]:
    """Return a number for each row that tells its value from others in any month; 0 where it is null."""
    if kind is Kind.MASK:
        return np.asarray(column.fill_null(-1).to_numpy(zero_copy_only=False) + 1, np.uint32)
    values = read_values(column, kind)
    of_code = np.array([0, *(crc32(text.encode()) or 1 for text in values.texts)], np.uint32)
    return np.asarray(of_code[values.codes])


def _distinct(column: pa.Array, text_of: Callable[[object], str]) -> Values:
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    of_text: dict[str, int] = {}
    places = [of_text.setdefault(text_of(value), len(of_text) + 1) for value in encoded.dictionary.to_pylist()]
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Values(list(of_text), np.array([NULL, *places], np.int32)[indices + 1])


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole(value: object) -> str:
    assert isinstance(value, int)  # noqa: S101  (for mypy)
    return str(value) if abs(value) < _EXACT_BELOW else _end_of(_range_of(np.array([value], np.float32)).item())


def _ranges(column: pa.Array) -> pa.Array:
    numbers = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float32)
    return pa.array(_range_of(numbers), mask=column.is_null().to_numpy(zero_copy_only=False))


def _range_of(numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Return the range of each number: its leading bits, which are in the order of the numbers on either side of 0."""
    return (numbers + np.float32(0)).view(np.int32) >> _EIGHTHS  # -0.0 becomes 0.0


def _end_of(range_: object) -> str:
    end = np.array([range_], np.int32) << _EIGHTHS
    return f"{end.view(np.float32).item():.9g}"
