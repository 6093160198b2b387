"""Describe months of customers, features and recommendations in figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.cli.verb import FromOption, MonthOption, Outcome, ToOption, verb
from santander.schema.counting import counted

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.schema.months import Month


@dataclass(frozen=True)
class DescribePayload:
    """The JSON object of ``describe``."""

    months: "Mapping[str, list[Month]]"
    """The months that were described, by table."""


@verb
def describe(month: MonthOption = None, from_: FromOption = None, to: ToOption = None, *, settings: "Settings") -> Outcome:
    """Write figures of months into the table month_profiles: nulls, values, quantiles, what changed; all unless told otherwise.

    They are of customers, features and recommendations: of all, by segment and age band, of new and of active customers.
    """
    from santander.describe.columns import COLUMNS
    from santander.engine.session import SessionOnDemand
    from santander.pipeline.steps import Steps
    from santander.schema.catalogue import CUSTOMERS
    from santander.schema.months import AskedMonths, in_spans

    asked = AskedMonths.read(month, from_, to)
    with SessionOnDemand(settings) as session:
        steps = Steps(settings, session)
        months = asked.among(steps.lake.months(CUSTOMERS))
        steps.lake.require_customers(months)
        done = {table.name: list(steps.describe(table, months, anyway=True).done) for table in COLUMNS}
    lines = [f"{name}: {counted(len(each), 'month')} described: {in_spans(each)}" for name, each in done.items() if each]
    return Outcome(DescribePayload(done), lines)
