"""The profile family: who the customer is in the month itself, texts read as numbers, unknown incomes as a median."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.features.made import Made
from santander.schema.columns import PROVINCES
from santander.schema.features import Family


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


ENOUGH_KNOWN_INCOMES = 50
INCOME_READ = ("province_code", "segment", "household_income")

_SEGMENTS = 16
"""Room for the segments 1 to 9 and 0, which stands for an unknown one."""
_PROVINCES = len(PROVINCES)
"""Likewise, the unknown one among them."""

Keys = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class MonthIncomes:
    """The income to impute in one month, by (province, segment); NaN where the month knows no income at all."""

    of_group: npt.NDArray[np.float64]

    @classmethod
    def of(cls, pieces: Iterable[pa.Table]) -> Self:
        """Settle the incomes from INCOME_READ of all rows of the month, which come in pieces.

        The median is that of the customer's (province, segment); where fewer than 50 incomes are known there, or one of the
        two is unknown, of the segment; where fewer than 50 are known there too, of the month.
        """
        keys, amounts = map(np.concatenate, zip(*map(_known_incomes, pieces), strict=True))
        order = np.argsort(keys, kind="stable")
        starts = np.searchsorted(keys[order], np.arange(1, _PROVINCES * _SEGMENTS))
        by_group = np.split(amounts[order], starts)
        settled = np.full(len(by_group), _median(amounts))
        for segment in range(1, _SEGMENTS):
            groups = by_group[segment::_SEGMENTS]
            if sum(map(len, groups)) >= ENOUGH_KNOWN_INCOMES:
                settled[segment::_SEGMENTS] = _median(np.concatenate(groups))
            for province, group in enumerate(groups):
                if province and len(group) >= ENOUGH_KNOWN_INCOMES:
                    settled[province * _SEGMENTS + segment] = _median(group)
        return cls(settled)

    def features(self, rows: pa.Table) -> dict[str, pa.Array]:
        """``household_income``, imputed where unknown, and ``income_imputed``, for some rows of the month."""
        income = rows.column("household_income").combine_chunks()
        settled = self.of_group[_group_keys(rows)]
        unknown = np.asarray(income.is_null())
        values = np.where(unknown, settled, income.fill_null(0.0).to_numpy())
        return {"household_income": pa.array(values, mask=np.isnan(values)), "income_imputed": pa.array(unknown)}


def _known_incomes(rows: pa.Table) -> tuple[Keys, npt.NDArray[np.float64]]:
    """Group and amount of each row whose income is known."""
    income = rows.column("household_income").combine_chunks()
    return _group_keys(rows)[np.asarray(income.is_valid())], income.drop_null().to_numpy()


def _group_keys(rows: pa.Table) -> Keys:
    """Province and segment as one number; 0 stands for an unknown one, which no real one is."""
    province = rows.column("province_code").combine_chunks().fill_null(0).to_numpy()
    segment = segment_number(rows.column("segment").combine_chunks()).fill_null(0).to_numpy()
    return np.asarray(province * np.int32(_SEGMENTS) + segment, np.uint16)


def _median(amounts: npt.NDArray[np.float64]) -> float:
    return float(np.median(amounts)) if len(amounts) else float("nan")


_LEFT = 99


@dataclass(frozen=True, slots=True)
class MonthRows:
    """Some rows of ``customers`` of the month, with the columns that the functions below read, and the incomes to impute."""

    rows: pa.Table
    incomes: MonthIncomes

    def column(self, name: str) -> pa.Array:
        """Return one column; texts come as dictionaries."""
        return self.rows.column(name).combine_chunks()


PROFILE = Made[MonthRows](Family.PROFILE)


def _as_it_is(name: str) -> None:
    @PROFILE.makes(name, reads=[name])
    def column(month: MonthRows) -> pa.Array:
        return month.column(name)


def _code(name: str) -> None:
    @PROFILE.makes(name, reads=[name])
    def number(month: MonthRows) -> pa.Array:
        return base_36(month.column(name))


for _name in (
    "age", "seniority_months", "is_new", "is_active", "province_code", "is_resident", "is_foreign_born", "is_deceased",
):  # fmt: skip
    _as_it_is(_name)
for _name in ("employment_status", "channel", "country", "relation_type", "relation_kind"):
    _code(_name)


@PROFILE.makes("is_woman", reads=["sex"])
def is_woman(month: MonthRows) -> pa.Array:
    """H is hembra."""
    return for_each_text(month.column("sex"), lambda sex: sex == "H", pa.bool_())


@PROFILE.makes("segment", reads=["segment"])
def segment(month: MonthRows) -> pa.Array:
    """The number of the segment."""
    return segment_number(month.column("segment"))


@PROFILE.makes("left_during_month", reads=["primary_status"])
def left_during_month(month: MonthRows) -> pa.Array:
    """The status 99 is given to who stops being a primary customer."""
    return pc.equal(month.column("primary_status"), _LEFT)


@PROFILE.makes("household_income", "income_imputed", reads=INCOME_READ)
def income(month: MonthRows) -> Mapping[str, pa.Array]:
    """The income, with the one to impute where it is unknown, and whether it was."""
    return month.incomes.features(month.rows)
