"""The rules of the table of a user's family, which follow from what its file declares, and the figures that they judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.lake.lake import Lake
from santander.quality import figures as count
from santander.quality.made_rules import range_rules
from santander.quality.rules import ROWS, CountRule, EqualRule, Judgement, MonthFigures, NullShareRule, RowRule, Rule, Severity
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.months import Month
from santander.schema.own_family import Entity, OwnFamily

if TYPE_CHECKING:
    from santander.config.sections import QualitySettings

# ruff: noqa: E501  (one line per rule, to be read as a table)


@dataclass(frozen=True, slots=True, kw_only=True)
class NullFigure(NullShareRule):
    """The share of nulls of the column, recorded as a figure: any share is legal."""

    severity: Severity = Severity.WARNING

    def judge(self, figures: MonthFigures, settings: "QualitySettings") -> Judgement | None:  # noqa: ARG002
        """Expect nothing of the share."""
        return self._near(figures, 0.0, 1.0, "a figure, whatever it is")


def family_rules(family: OwnFamily) -> list[Rule]:
    """Return the rules of a family's table."""
    key = family.entity.value
    return [
        CountRule(name="schema", column="table", meaning=f"{family.table.name} has exactly the declared columns and types", of="columns", unit="columns"),
        RowRule(name="key_known", column=key, meaning=f"each row has a {key}", broken=f"{key} IS NULL"),
        CountRule(name="key_unique", column=key, meaning=f"a {key} has one row in the month"),
        *(_of_customers if family.entity is Entity.CUSTOMER else ()),
        *range_rules(family.features),
        *(NullFigure(name=f"{feature.name}_nulls", column=feature.name, meaning="the share of nulls") for feature in family.features),
    ]  # fmt: skip


_of_customers = (
    EqualRule(name="rows_as_customers", column="table", meaning="the month has the rows of customers", left=ROWS, right="rows_of_customers"),
    CountRule(name="without_row", column="customer_id", meaning="each customer of the month has a row", of="rows_of_customers", unit="customers"),
)  # fmt: skip


def family_figures(family: OwnFamily, lake: Lake, months: Sequence[Month], rows: Mapping[Month, int]) -> list[MonthFigures]:
    """Return the figures of some months of a family's table; ``rows`` has those of every month of ``customers``."""
    table = family.table
    counted = count.row_figures(lake, table, months, family_rules(family))
    surplus = count.surplus_rows(lake, table, months)
    schema = {"columns": len(table.columns), "broken_schema": count.differing_columns(lake, table)}
    without = _without_row(lake, family, months) if family.entity is Entity.CUSTOMER else {}
    return [
        MonthFigures(
            table.name,
            month,
            counted[month]
            | schema
            | {"broken_key_unique": surplus.get(month, 0), "rows_of_customers": rows.get(month, 0)}
            | {"broken_without_row": without.get(month, 0)},
        )
        for month in months
    ]


def _without_row(lake: Lake, family: OwnFamily, months: Sequence[Month]) -> dict[Month, int]:
    """Return by month how many of its customers have no row in the table; months without any are left out."""
    from pyspark.sql import functions as F

    there = lake.read_months(family.table, months).select(F.col("customer_id").alias("row_of"), F.col(PARTITION).alias("row_in"))
    same = (F.col("customer_id") == F.col("row_of")) & (F.col(PARTITION) == F.col("row_in"))
    lacking = lake.read_months(CUSTOMERS, months).select("customer_id", PARTITION).join(there, on=same, how="left_anti")
    return {month: row["n"] for month, row in count.by_month(lacking, {"n": "count_if(true)"}).items()}
