"""Say what each step of a recipe adds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from santander.ablate.row import AblationRow
    from santander.config.settings import Settings
    from santander.storage.places import Place


@dataclass(frozen=True)
class AblatePayload:
    """The JSON object of ``ablate``."""

    ablation: str
    run_id: str
    """The MLflow run that the table is logged to."""
    rows: "Sequence[AblationRow]"
    files: "Sequence[Place]"


@verb
def ablate(
    ablation: Annotated[str, typer.Argument(help="A file of conf/local or conf/base/ablations, no .yaml.")] = "next_products",
    month: Annotated[
        str | None, typer.Option(help="Month to score: steps are judged on the one before; default as in 'train'.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(help="Another month to judge on; of a synthetic bank it may be one delivered without products. Repeatable."),
    ] = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Fit the steps of an ablation one after the other and judge each on the same customers: a table of what each adds.

    Nothing is registered. Each row is a run in MLflow below one for the table, which is also written to DATA_DIR/reports.
    """
    from santander.ablate.ablate import ablate
    from santander.ablate.ablation import Ablation, plan_table
    from santander.ablate.row import AblationRow, markdown_of, tables_of, write_reports
    from santander.engine.session import open_session
    from santander.pipeline.steps import Steps
    from santander.registry.runs import parent_run
    from santander.schema.months import Month
    from santander.training.collect import through
    from santander.training.labelled import labelled_months
    from santander.training.recipe import Recipe

    chosen, default = Ablation.load(ablation), Recipe.load(settings.training.recipe)
    target, others = None if month is None else Month.parse(month), [Month.parse(each) for each in also or []]
    with open_session(settings) as session:
        steps = Steps(settings, session)
        plan = plan_table(chosen, target, others, labelled_months(steps.lake))
        steps.refuse_stale_features([*plan.months, *plan.judged], plan.families)
        judged = " ".join(map(str, plan.judged))
        params = {"ablation": chosen.name, "judged_on": judged}
        with parent_run(settings, steps.lake, f"ablation {chosen.name} on {judged}", params, {"kind": "ablation"}) as run:

            def log_row(row: AblationRow, recipe: Recipe) -> None:
                run.child(f"{row.step} on {row.month}", row.parameters(recipe), row)

            rows = ablate(settings, steps.lake, through(steps.store).also(plan.families), plan, default, log_row)
            run.log_text(markdown_of(rows), "ablation.md")
        files = write_reports(settings.data / "reports", f"ablation-{chosen.name}-{plan.judged[0]}", rows)
    return Outcome(AblatePayload(chosen.name, run.run_id, rows, files), [*tables_of(rows), *(str(file) for file in files)])
