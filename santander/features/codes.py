"""Texts of a landing file read as numbers, for a column that is a dictionary: each distinct text is looked at once."""

from collections.abc import Callable

import pyarrow as pa


def base_36(codes: pa.DictionaryArray) -> pa.Array:
    """Codes of digits and capital letters as the numbers they write in base 36: reversible, and new codes need no list."""
    return for_each_text(codes, lambda code: int(code, 36), pa.int32())


def segment_number(segments: pa.DictionaryArray) -> pa.Array:
    """The number that a segment's text begins with: ``01 - TOP`` is 1."""
    return for_each_text(segments, lambda text: int(text[1]), pa.int8())


def for_each_text(texts: pa.DictionaryArray, made_of: Callable[[str], object], type_: pa.DataType) -> pa.Array:
    """Apply a function to each distinct text, for the rows that have it; null for null."""
    of_text = pa.array([None if text is None else made_of(text) for text in texts.dictionary.to_pylist()], type_)
    return of_text.take(texts.indices)
