"""The verdict of the gate as people read it: on the pages of MLflow, in descriptions and in the terminal."""

import logging
import time
from typing import TYPE_CHECKING

from santander.evaluation.resampling import PairedDifference
from santander.registry.gate import Verdict
from santander.registry.model_card import ModelCard, Section, escaped, rendered
from santander.registry.tracking import open_tracking
from santander.schema.counting import counted

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from rich.table import Table

    from santander.config.settings import Settings
    from santander.evaluation.chance_figures import ChanceFigures
    from santander.evaluation.figures import Evaluation, EvaluationFigures

COMPARISON = "Against the champion"


def verdict_line(verdict: Verdict) -> str:
    """The first line of a card: what became of the version, and why."""
    return f"{'Promoted' if verdict.promoted else 'Not promoted'}: {escaped(verdict.reason)}"


def comparison(verdict: Verdict, champion: int | None) -> Section | None:
    """Return the gate's comparison of challenger and champion on the same customers; None where nothing was compared."""
    if verdict.compared is None:
        return None
    text = rendered("comparison", verdict=verdict, champion=champion, ages=verdict.ages, refit=verdict.refit)
    return Section(COMPARISON, text.strip())


def comparison_metrics(verdict: Verdict) -> dict[str, float]:
    """The comparison as metrics of a run; empty where nothing was compared."""
    compared = verdict.compared
    if compared is None:
        return {}
    return _metrics("champion", compared) | ({} if verdict.refit is None else _metrics("champion_refit", verdict.refit))


def _metrics(name: str, compared: PairedDifference) -> dict[str, float]:
    return {
        name: compared.champion,
        f"gain_over_{name}": compared.relative,
        f"gain_over_{name}_lower": compared.relative_lower,
        f"gain_over_{name}_upper": compared.relative_upper,
    }


log = logging.getLogger(__name__)

CARD = "model_card.md"
"""The artifact of a run that holds the whole card."""
NOTE = "mlflow.note.content"
"""The tag that MLflow shows as the description of a run."""
LONGEST_DESCRIPTION = 5_000
"""Characters that the registry's database keeps of a version's description."""
LONGEST_NOTE = 8_000
"""Characters that MLflow keeps of a tag of a run."""


def record_verdict(settings: "Settings", number: int, verdict: "Verdict", champion: int | None = None) -> None:
    """Write what was decided on a version to its card and description, and to its run; ``champion`` is whom it met.

    The decision itself stands elsewhere, so whatever goes wrong here is logged and no more.
    """
    try:
        _record(settings, number, verdict, champion)
    except Exception as error:  # noqa: BLE001  (a description must not stand in the way of a decision, whatever the server says)
        log.warning("version %d: the verdict was not written to its description: %s", number, " ".join(str(error).split()))


def _record(settings: "Settings", number: int, verdict: "Verdict", champion: int | None) -> None:
    client, name = open_tracking(settings), settings.mlflow.registered_model
    from mlflow.entities import Metric, RunTag

    run_id = str(client.get_model_version(name, str(number)).run_id)
    line = verdict_line(verdict)
    card = _card_of(client, run_id)
    card = ModelCard(line, "", ()) if card is None else card.with_verdict(line, comparison(verdict, champion))
    client.update_model_version(name, str(number), card.description(LONGEST_DESCRIPTION))
    client.log_text(run_id, card.text(), CARD)
    tags = {
        "promoted": str(verdict.promoted).lower(),
        "verdict": verdict.reason,
        **({} if champion is None else {"met_champion": str(champion)}),
        NOTE: card.description(LONGEST_NOTE),
    }
    now = int(time.time() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(metric, value, now, 0) for metric, value in comparison_metrics(verdict).items()],
        tags=[RunTag(tag, text) for tag, text in tags.items()],
    )


def _card_of(client: "MlflowClient", run_id: str) -> ModelCard | None:
    """The card a run was registered with; None for a run from before there were cards."""
    import mlflow

    if not any(artifact.path == CARD for artifact in client.list_artifacts(run_id)):
        return None
    return ModelCard.parse(mlflow.artifacts.load_text(f"runs:/{run_id}/{CARD}"))


def table_of(figures: "EvaluationFigures") -> "Table":
    """The figures of everybody as a table."""
    from rich.table import Table

    counts = f"{counted(figures.customers, 'customer')}, {figures.buyers:,} added something"
    table = Table("", title=f"MAP@7 of {figures.month}: {counts}")
    table.add_column("MAP@7", justify="right")
    table.add_column("share of ceiling", justify="right")
    rows = {"model": figures.map7, "baseline": figures.baseline, "oracle": figures.oracle, "ceiling": figures.ceiling}
    for title, value in rows.items():
        if value is not None:
            table.add_row(title, *_figures(value, figures.ceiling))
    return table


def table_of_details(details: "Evaluation") -> "Table":
    """The figures of everybody, of the segments and of new customers as a table."""
    table = table_of(details)
    for segment in details.segments:
        title = f"model, segment {segment.segment} ({segment.customers:,})"
        table.add_row(title, *_figures(segment.map7, segment.ceiling))
    if new := details.new_customers:
        table.add_row(f"model, new customers ({new.customers:,})", *_figures(new.map7, new.ceiling))
    return table


def chances_line(figures: "ChanceFigures | None") -> list[str]:
    """Return a line on whether the chances hold; none for a model that gives no chances, and where nothing was added."""
    if figures is None or figures.calibration.error is None:
        return []
    found = figures.calibration
    slope = "slope not known"
    if found.slope is not None:
        slope = f"slope {found.slope:.3f} (95 % from {found.slope_low:.3f} to {found.slope_high:.3f})"
    error = f"error {found.error:.1%} (by luck {found.error_by_luck:.1%})"
    top = f"{figures.top_1_percent:.1%} of the additions, 5 % have {figures.top_5_percent:.1%}"
    return [f"chances: {slope}, {error}; the 1 % of pairs with the highest have {top}"]


def _figures(map7: float, ceiling: float) -> tuple[str, str]:
    return f"{map7:.6f}", f"{map7 / ceiling:.3f}" if ceiling else ""
