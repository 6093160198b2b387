"""The income of those whose income is unknown: a median of the rows of the same month."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.codes import segment_number
from santander.schema.provinces import PROVINCES

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
