"""The card of a model: what it learned from, how good it is and where, in tables and lines for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from santander.evaluation.judgement import Judgement
from santander.models.month_weight import ALIKE, MonthWeight
from santander.models.on_columns import ColumnRecommender
from santander.registry.card import ModelCard, rendered
from santander.schema.features import FEATURE_NAMES, FEATURE_SET, months_read_for
from santander.schema.months import Month, in_spans
from santander.training.candidate import Candidate, Fit
from santander.training.plan import FitName

PRODUCTS_SHOWN, COLUMNS_SHOWN = 8, 10
NOT_MET = "Has not met a champion yet."


def gaps_told(candidate: Candidate, missing: Sequence[Month]) -> list[str]:
    """Return one paragraph that names the missing months and what they cost, none where the candidate rests on none of them.

    It rests on the months that its recipe asks for, and on those that features of its fits, its gate month and its target look
    back on.
    """
    fits = candidate.fits.values()
    wanted = {month for fit in fits for month in candidate.recipe.months_before(_predicted(candidate, fit))}
    fitted = {month for fit in fits for month in fit.seen}
    read = {month: set(months_read_for(month)) for month in (*fitted, candidate.gate, candidate.target)}
    named = [month for month in missing if month in wanted or any(month in months for months in read.values())]
    if not named:
        return []
    unknown = [month for month in wanted - fitted if {month, month - 1} & set(named)]
    blind = [month for month, months in read.items() if months & set(named)]
    told = f"**Months missing: {in_spans(named)}** (no customers, though there are some before and after)."
    if unknown:
        told += f" Additions of {in_spans(unknown)} are not known for that, and nothing was learned of them."
    if blind:
        told += f" Features of {in_spans(blind)} look back on what is missing and have nulls there."
    return [told]


def _predicted(candidate: Candidate, fit: Fit) -> Month:
    """Return the month that a fit is made to predict."""
    return {FitName.ROUNDS: candidate.gate - 1, FitName.JUDGED: candidate.gate, FitName.PROMOTED: candidate.target}[fit.name]


@dataclass(frozen=True)
class Origin:
    """Where a candidate came from: its run, the versions of the tables it read, the commit of the code, the machine's cores."""

    run_id: str
    table_versions: Mapping[str, int | None]
    git_sha: str
    cores: int
    missing: Sequence[Month] = ()
    """Months without customers between the first and the last there were."""


def model_card(candidate: Candidate, judgement: Judgement | None, origin: Origin) -> ModelCard:
    """The card of a candidate before it has met a champion."""
    model = candidate.scoring.model
    text = rendered(
        "model_card",
        not_met=NOT_MET,
        candidate=candidate,
        scoring=candidate.scoring,
        model=model,
        groups=model.settings.columns if isinstance(model, ColumnRecommender) else (),
        judgement=judgement,
        found=judgement and judgement.evaluation,
        origin=origin,
        gaps=gaps_told(candidate, origin.missing),
        purposes={
            FitName.ROUNDS: "rounds (finds their number)",
            FitName.JUDGED: f"judged (on {candidate.gate})",
            FitName.PROMOTED: f"promoted (scores {candidate.target})",
        },
        months=months_told,
        feature_set=FEATURE_SET,
        feature_names=FEATURE_NAMES,
        products_shown=PRODUCTS_SHOWN,
        columns_shown=COLUMNS_SHOWN,
    )
    return ModelCard.parse(text)


def months_told(weights: Mapping[Month, MonthWeight]) -> str:
    """Months and weights as text: ``2015-06*2 2016-04``."""
    return " ".join(f"{month}" if weight == ALIKE else f"{month}*{weight}" for month, weight in sorted(weights.items()))
