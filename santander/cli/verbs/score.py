"""Recommend seven products to every customer of a month."""

from typing import TYPE_CHECKING

from santander.cli.options import FromOption, MonthOption, ToOption
from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings


@verb
def score(month: MonthOption = None, from_: FromOption = None, to: ToOption = None, *, settings: "Settings") -> Outcome:
    """Write the champion's recommendations for every customer of a month; the last month with features unless told otherwise."""
    from santander.engine.session import open_session
    from santander.pipeline.steps import Steps
    from santander.schema.asked_months import AskedMonths
    from santander.schema.catalogue import FEATURES_TABLE

    asked = AskedMonths.read(month, from_, to)
    with open_session(settings) as session:
        steps = Steps(settings, session)
        built = steps.lake.months(FEATURES_TABLE)
        months = asked.among(built if asked.is_range else built[-1:], "run 'santander features'")
        results = [steps.score(each, anyway=True).result for each in months]
    text = [
        f"{r['month']}: {r['customers']:,} customers, {r['rows']:,} recommendations by model version {r['model_version']}"
        for r in results
    ]
    return Outcome({**results[-1], "months": {r["month"]: r for r in results}}, text)
