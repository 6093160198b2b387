"""Train a recipe for a month, judge it on the month before, register it, and let it meet the champion."""

from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli import Outcome, main_of, verb

if TYPE_CHECKING:
    from santander.settings import Settings


@verb
def train(
    month: Annotated[
        str | None, typer.Option(help="Month to score; default: the one after the last with products and features.")
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="A file of conf/base/recipes; default: the one conf names.")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Boosting rounds instead of those of the recipe.")] = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Train a model for a month, judge and register it; it becomes champion if it beats the one there is."""
    from santander.bank.months import Month
    from santander.engine import open_session
    from santander.registry.reporting import table_of
    from santander.steps import Steps
    from santander.training.recipe import Recipe

    chosen = Recipe.load(recipe or settings.training.recipe).with_rounds(rounds)
    target = None if month is None else Month.parse(month)
    with open_session(settings) as session:
        result = Steps(settings, session).train(target, chosen, anyway=True).result
    tables = [table_of(result)] if "map7" in result else []
    stays = f"does not replace champion {result['champion']}"
    outcome = "is the champion" if result["champion"] == result["version"] else stays
    return Outcome(
        dict(result),
        [*tables, f"version {result['version']}, {chosen.name} for {result['target']}, {outcome}: {result['reason']}"],
    )


if __name__ == "__main__":
    main_of(train)
