"""The profile family: who the customer is in the month itself, texts read as numbers. The income has a file of its own."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

PROFILE_READ = (
    "age",
    "sex",
    "seniority_months",
    "is_new",
    "is_active",
    "segment",
    "employment_status",
    "channel",
    "country",
    "province_code",
    "relation_type",
    "relation_kind",
    "primary_status",
    "is_resident",
    "is_foreign_born",
    "is_deceased",
)
"""The columns of ``customers`` that the family is made from, but for the income."""

_AS_THEY_ARE = (
    "age",
    "seniority_months",
    "is_new",
    "is_active",
    "province_code",
    "is_resident",
    "is_foreign_born",
    "is_deceased",
)
_CODES = ("employment_status", "channel", "country", "relation_type", "relation_kind")
_LEFT = 99


def profile(rows: pa.Table) -> dict[str, pa.Array]:
    """The features of the family but the income, from columns of ``customers``; a null stays one."""
    return {
        **{name: _whole(rows, name) for name in _AS_THEY_ARE},
        **{name: base_36(_whole(rows, name)) for name in _CODES},
        "is_woman": _for_each_text(_whole(rows, "sex"), lambda sex: sex == "H", pa.bool_()),
        "segment": segment_number(_whole(rows, "segment")),
        "left_during_month": pc.equal(_whole(rows, "primary_status"), _LEFT),
    }


def base_36(codes: pa.DictionaryArray) -> pa.Array:
    """Codes of digits and capital letters as the numbers they write in base 36: reversible, and new codes need no list."""
    return _for_each_text(codes, lambda code: int(code, 36), pa.int32())


def segment_number(segments: pa.DictionaryArray) -> pa.Array:
    """The number that a segment's text begins with: ``01 - TOP`` is 1."""
    return _for_each_text(segments, lambda text: int(text[1]), pa.int8())


def _for_each_text(texts: pa.DictionaryArray, made_of: Callable[[str], object], type_: pa.DataType) -> pa.Array:
    """What is made of each distinct text, for the rows that have it; null for null."""
    of_text = pa.array([None if text is None else made_of(text) for text in texts.dictionary.to_pylist()], type_)
    return of_text.take(texts.indices)


def _whole(rows: pa.Table, name: str) -> pa.Array:
    return rows.column(name).combine_chunks()
