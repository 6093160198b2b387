"""Train a recipe for a month, judge it on the month before, register it, and let it meet the champion."""

from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.schema.months import Month
    from santander.training.recipe import Recipe


@verb
def train(
    month: Annotated[
        str | None, typer.Option(help="Month to score; default: the one after the last with products and features.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="A file of conf/local or conf/base/recipes; default: the one conf names.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Boosting rounds instead of those of the recipe.")] = None,
    promote: Annotated[
        bool | None,
        typer.Option("--promote/--no-promote", help="Let it meet the champion at once, or wait as challenger; default: conf."),
    ] = None,
    cv: Annotated[
        bool, typer.Option("--cv", help="Cross-validate over time instead: judge the recipe on each of the last months.")
    ] = False,
    folds: Annotated[int | None, typer.Option(min=2, help="Months that --cv judges on; default: the setting.")] = None,
    window: Annotated[
        str | None,
        typer.Option(help="Fit months of --cv: 'expanding' (all before the fold's) or 'recipe'; default: the setting."),
    ] = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Train a model for a month, judge and register it; it becomes champion if it beats the one there is.

    With --cv nothing is registered: the recipe is judged on each of the last months by a fit of months before it.
    """
    from santander.engine.session import open_session
    from santander.errors import InputError
    from santander.pipeline.steps import Steps
    from santander.registry.verdict import table_of
    from santander.schema.months import Month
    from santander.training.recipe import Recipe

    if not cv and (folds is not None or window is not None):
        raise InputError("--folds and --window say how --cv goes", hint="give --cv too")
    if cv and promote is not None:
        raise InputError("--cv registers nothing that could be promoted", hint="leave out --promote and --no-promote")
    chosen = Recipe.load(recipe or settings.training.recipe).with_rounds(rounds)
    target = None if month is None else Month.parse(month)
    if cv:
        return _cross_validated(settings, chosen, target, folds, window)
    with open_session(settings) as session:
        result = Steps(settings, session).train(target, chosen, anyway=True, promote=promote).result
    tables = [] if result.evaluation is None else [table_of(result.evaluation)]
    return Outcome(result, [*tables, result.line()])


def _cross_validated(
    settings: "Settings", recipe: "Recipe", target: "Month | None", folds: int | None, window: str | None
) -> Outcome:
    from santander.engine.session import open_session
    from santander.errors import InputError
    from santander.models.blend import Blend
    from santander.pipeline.steps import Steps
    from santander.registry.runs import parent_run
    from santander.training.collect import through
    from santander.training.cross_validation import CrossValidationPayload, cross_validate, summary_of, table_of
    from santander.training.folds import months_of, plan_folds
    from santander.training.labelled import labelled_months

    rule = settings.cross_validation.changed(folds=folds, window=window)
    if recipe.model is Blend:
        raise InputError(
            f"recipe {recipe.name} is a blend of registered versions: it has nothing to fit on the months of a fold",
            hint="name another with --recipe",
        )
    with open_session(settings) as session:
        steps = Steps(settings, session)
        labelled = [month for month in labelled_months(steps.lake) if target is None or month < target]
        planned = plan_folds(recipe, labelled, rule.folds, rule.window)
        steps.refuse_stale_features(months_of(planned), recipe.families)
        title = f"{recipe.name}, {rule.folds} folds, window {rule.window}"
        params = {"recipe": recipe.name, "kind": recipe.kind, **rule.model_dump()}
        with parent_run(settings, steps.lake, f"cross-validation of {title}", params, {"kind": "cross_validation"}) as run:
            results = cross_validate(
                settings,
                steps.lake,
                through(steps.store),
                planned,
                lambda fold: run.child(f"fold {fold.month}", fold.parameters(recipe), fold),
            )
            summary = summary_of(results)
            run.log_metrics(summary.metrics())
    payload = CrossValidationPayload(run.run_id, recipe.name, rule.window, results, summary)
    return Outcome(payload, [table_of(title, results)])
