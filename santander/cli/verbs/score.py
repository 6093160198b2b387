"""Recommend seven products to every customer of a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.cli.verb import FromOption, MonthOption, Outcome, ToOption, verb
from santander.ledger.steps import ScoreResult
from santander.schema.counting import counted
from santander.schema.records import Inline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from santander.config.settings import Settings
    from santander.schema.months import Month
    from santander.scoring.expected import Expected, ExpectedOfMonth

_MOST = 3
"""Products that are shown to people."""


@dataclass(frozen=True)
class ScoredMonth:
    """The lists of a month, and how many additions are expected in it; None where its model says nothing of that."""

    result: Inline[ScoreResult]
    expected_additions: "ExpectedOfMonth | None"


@dataclass(frozen=True)
class ScorePayload:
    """The JSON object of ``score``: the last month's result, and that of each month."""

    last: Inline[ScoredMonth]
    months: "Mapping[Month, ScoredMonth]"


@verb
def score(month: MonthOption = None, from_: FromOption = None, to: ToOption = None, *, settings: "Settings") -> Outcome:
    """Write the champion's recommendations for every customer of a month, and what may be offered of them.

    It is the last month with features unless told otherwise.
    """
    from santander.engine.session import open_session
    from santander.pipeline.steps import Steps
    from santander.schema.catalogue import FEATURES_TABLE
    from santander.schema.months import AskedMonths
    from santander.scoring.expected import expected_of

    asked = AskedMonths.read(month, from_, to)
    with open_session(settings) as session:
        steps = Steps(settings, session)
        built = steps.lake.months(FEATURES_TABLE)
        months = asked.among(built if asked.is_range else built[-1:], "run 'santander features'")
        results = {each: steps.score(each, anyway=True).result for each in months}
        scored = {each: ScoredMonth(result, expected_of(steps.lake, each)) for each, result in results.items()}
    text = [line for each, of_month in scored.items() for line in lines_of(each, of_month)]
    return Outcome(ScorePayload(scored[months[-1]], scored), text)


def lines_of(month: "Month", scored: ScoredMonth) -> "Iterator[str]":
    """The lists of a month in a line, and what is expected of it in two more."""
    result, expected = scored.result, scored.expected_additions
    yield (
        f"{month}: {counted(result.customers, 'customer')}, {counted(result.rows, 'recommendation')} "
        f"by model version {result.model_version}"
    )
    if expected is None:
        return
    total = expected.total
    naive = (("last month", total.last_month), (f"{month - 12}", total.year_before))
    others = [f"{_number(figure)} at the rate of {of}" for of, figure in naive if figure is not None]
    seen = [] if total.seen is None else [f"seen {_number(total.seen)}"]
    yield f"  additions expected: {'; '.join([_between(total), *others, *seen])}"
    most = list(expected.products.items())[:_MOST]
    yield f"  most of them: {', '.join(f'{product} {_between(each)}' for product, each in most)}"


def _between(expected: "Expected") -> str:
    return f"{_number(expected.expected)} ({_number(expected.low)} to {_number(expected.high)})"


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 10 or figure == round(figure) else f"{figure:.1f}"
