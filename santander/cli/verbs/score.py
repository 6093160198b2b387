"""Recommend seven products to every customer of a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.cli.verb import FromOption, MonthOption, Outcome, ToOption, verb
from santander.ledger.steps import ScoreResult
from santander.schema.counting import counted
from santander.schema.records import Inline

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.schema.months import Month


@dataclass(frozen=True)
class ScorePayload:
    """The JSON object of ``score``: the last month's result, and that of each month."""

    last: Inline[ScoreResult]
    months: "Mapping[Month, ScoreResult]"


@verb
def score(month: MonthOption = None, from_: FromOption = None, to: ToOption = None, *, settings: "Settings") -> Outcome:
    """Write the champion's recommendations for every customer of a month; the last month with features unless told otherwise."""
    from santander.engine.session import open_session
    from santander.pipeline.steps import Steps
    from santander.schema.catalogue import FEATURES_TABLE
    from santander.schema.months import AskedMonths

    asked = AskedMonths.read(month, from_, to)
    with open_session(settings) as session:
        steps = Steps(settings, session)
        built = steps.lake.months(FEATURES_TABLE)
        months = asked.among(built if asked.is_range else built[-1:], "run 'santander features'")
        results = {each: steps.score(each, anyway=True).result for each in months}
    text = [
        f"{each}: {counted(result.customers, 'customer')}, {counted(result.rows, 'recommendation')} "
        f"by model version {result.model_version}"
        for each, result in results.items()
    ]
    return Outcome(ScorePayload(results[months[-1]], results), text)
