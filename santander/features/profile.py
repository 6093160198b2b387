"""The profile family: who the customer is in the month itself, texts read as numbers, unknown incomes as a median."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from santander.features.codes import base_36, for_each_text, segment_number
from santander.features.incomes import INCOME_READ, MonthIncomes
from santander.features.made import Made
from santander.schema.features import Family

_LEFT = 99


@dataclass(frozen=True, slots=True)
class MonthRows:
    """Some rows of ``customers`` of the month, with the columns that the functions below read, and the incomes to impute."""

    rows: pa.Table
    incomes: MonthIncomes

    def column(self, name: str) -> pa.Array:
        """Return one column; texts come as dictionaries."""
        column = self.rows.column(name)
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


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
