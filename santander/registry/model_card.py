"""The card of a model: what it learned from, how good it is and where, in tables and lines for people.

Nothing here is computed from rows: the figures are those of the judgement and of the fits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from santander.evaluation.drawing import readable
from santander.evaluation.judgement import Evaluation, Judgement
from santander.evaluation.plots import column_title
from santander.models.month_weight import ALIKE, MonthWeight
from santander.models.on_columns import ColumnRecommender
from santander.models.popularity import Popularity
from santander.models.recommender import Recommender
from santander.registry.card import ModelCard, Section, escaped, figure, table
from santander.schema.features import FEATURE_NAMES, FEATURE_SET, months_read_for
from santander.schema.months import Month, in_spans
from santander.training.candidate import Candidate, Fit
from santander.training.plan import FitName


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


PRODUCTS_SHOWN, COLUMNS_SHOWN = 8, 10
NOT_MET = "Has not met a champion yet."

_PURPOSE = {
    FitName.ROUNDS: "rounds (finds their number)",
    FitName.JUDGED: "judged (on {gate})",
    FitName.PROMOTED: "promoted (scores {target})",
}


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
    recipe, scoring = candidate.recipe, candidate.scoring
    lead = (
        f"Orders the products that customers of the bank may add in {candidate.target}: kind `{recipe.kind}`, recipe "
        f"`{recipe.name}`, fitted on additions of {len(scoring.weights)} months up to {scoring.last_month}."
    )
    data, use, reproduce = _data(candidate, origin), _use(candidate), _reproduce(origin)
    features, cost = _features(scoring.model), _cost(candidate, origin)
    if judgement is None:
        return ModelCard(NOT_MET, lead, (data, use, reproduce, features, cost))
    found = judgement.evaluation
    parts = (_figures(found), data, _slices(found), _errors(found), use, reproduce, features, _calibration(judgement), cost)
    return ModelCard(NOT_MET, lead, parts)


def months_told(weights: Mapping[Month, MonthWeight]) -> str:
    """Months and weights as text: ``2015-06*2 2016-04``."""
    return " ".join(f"{month}" if weight == ALIKE else f"{month}*{weight}" for month, weight in sorted(weights.items()))


def _figures(evaluation: Evaluation) -> Section:
    rows = {"model": evaluation.map7, "baseline": evaluation.baseline, "oracle": evaluation.oracle, "ceiling": evaluation.ceiling}
    shares = {name: value / evaluation.ceiling for name, value in rows.items() if value is not None and evaluation.ceiling}
    lines = [(name, figure(value), figure(shares.get(name), ".3f")) for name, value in rows.items() if value is not None]
    gain = evaluation.figures().gain_over_baseline
    told = (
        f"Judged on {evaluation.month} by the fit that has not seen it: {evaluation.customers:,} customers, "
        f"{evaluation.buyers:,} of whom added something. Gain over the baseline {figure(gain, '+.1%')}."
    )
    about = "Who adds nothing counts 0, so the ceiling is the share of customers who add something."
    if evaluation.oracle is not None:
        about += " The oracle ranks by the chances that the synthetic bank was made with."
    return Section("Figures", f"{told}\n\n{table(('MAP@7', 'value', 'share of ceiling'), lines)}\n\n{about}")


def _data(candidate: Candidate, origin: Origin) -> Section:
    rows = [
        (
            _PURPOSE[fit.name].format(gate=candidate.gate, target=candidate.target),
            f"`{months_told(fit.weights)}`",
            *_counted(fit.baseline),
            "-" if fit.validation is None else str(fit.validation),
        )
        for fit in candidate.fits.values()
    ]
    heads = ("fit", "months (and weights)", "customer-months", "additions", "rounds chosen on")
    versions = ", ".join(f"`{name}` {'unknown' if v is None else v}" for name, v in origin.table_versions.items())
    gaps = "".join(f"{paragraph}\n\n" for paragraph in gaps_told(candidate, origin.missing))
    told = f"{table(heads, rows, texts=2)}\n\n{gaps}Versions of the Delta tables: {versions}."
    return Section("Data", told)


def _counted(baseline: Recommender) -> tuple[str, str]:
    """Customer-months and additions of the months of a fit, as its baseline has counted them."""
    if not isinstance(baseline, Popularity):
        return "-", "-"
    return f"{baseline.customers:,}", f"{baseline.additions:,}"


def _slices(evaluation: Evaluation) -> Section:
    rows = [
        (
            escaped(part.segment), f"{part.customers:,}", f"{part.buyers:,}", figure(part.map7), figure(part.baseline),
            figure(part.map7 / part.ceiling if part.ceiling else None, ".3f"),
        )
        for part in evaluation.slices
    ]  # fmt: skip
    heads = ("slice", "customers", "buyers", "MAP@7", "baseline", "share of ceiling")
    shares = {part.segment: part.map7 / part.ceiling for part in evaluation.slices if part.ceiling}
    worst = min(shares, key=lambda name: shares[name], default=None)
    told = "" if worst is None else f"\n\nFurthest below its ceiling: {escaped(worst)}, {shares[worst]:.3f} of it."
    return Section("Slices", table(heads, rows) + told)


def _errors(evaluation: Evaluation) -> Section:
    costly = sorted(evaluation.products, key=lambda p: -p.lost)[:PRODUCTS_SHOWN]
    rows = [
        (
            readable(p.product), f"{p.additions:,}", f"{p.found_at[0]:,}", f"{p.hits:,}", f"{p.missed:,}", figure(p.lost),
            figure(p.baseline_lost),
        )
        for p in costly
        if p.additions
    ]  # fmt: skip
    heads = ("product", "additions", "stood first", "in the list", "missed", "MAP@7 lost", "lost by the baseline")
    told = f"MAP@7 lost sums to the distance from the ceiling over all products, {evaluation.ceiling - evaluation.map7:.6f}."
    in_vain = sorted((p for p in evaluation.products if p.first_in_vain), key=lambda p: -p.first_in_vain)[:PRODUCTS_SHOWN]
    vain = ", ".join(f"{readable(p.product)} {p.first_in_vain:,}" for p in in_vain) or "none"
    return Section("Errors", f"{table(heads, rows)}\n\n{told}\n\nListed first to buyers who added something else: {vain}.")


def _calibration(judgement: Judgement) -> Section:
    rows = [
        (f"{each.lower:.1f} to {each.upper:.1f}", f"{each.pairs:,}", figure(each.chance, ".3f"), figure(each.happened, ".3f"))
        for each in judgement.calibration
    ]
    heads = ("chance given", "pairs", "mean chance", "happened")
    told = (
        f"Expected calibration error {figure(judgement.calibration_error, '.4f')}. A pair is an addition and a product; the "
        "chances of a customer are the scores over their sum, and it happened when the product was the one added."
    )
    return Section("Calibration", f"{told}\n\n{table(heads, rows)}")


def _features(model: Recommender) -> Section:
    told = f"Feature service `{FEATURE_SET}`: {len(FEATURE_NAMES)} features, of which the model reads {len(model.feature_names)}."
    if isinstance(model, ColumnRecommender):
        groups = ", ".join(f"`{group}`" for group in model.settings.columns)
        told += f" It sees {len(model.plan.names)} columns of the groups {groups}."
    largest = sorted(model.importance().items(), key=lambda item: -item[1])[:COLUMNS_SHOWN]
    if not largest:
        return Section("Features", f"{told} The kind does not say which columns matter.")
    rows = [(escaped(column_title(name)), figure(share, ".1%")) for name, share in largest]
    return Section("Features", f"{told}\n\n{table(('column', 'share of importance'), rows)}")


def _cost(candidate: Candidate, origin: Origin) -> Section:
    def line(fit: Fit) -> tuple[str, ...]:
        rounds = "-" if fit.model.rounds is None else str(fit.model.rounds)
        return str(fit.name), figure(fit.seconds or None, ".1f"), rounds, fit.trained_on

    rows = [line(fit) for fit in candidate.fits.values()]
    machine = f"The driver has {origin.cores} cores."
    return Section("Training cost", f"{table(('fit', 'seconds', 'rounds', 'where'), rows)}\n\n{machine}")


def _use(candidate: Candidate) -> Section:
    return Section(
        "Use and limits",
        f"A list has up to seven products that the customer does not own, the likeliest addition in {candidate.target} first. "
        "Scores order the products of one customer; they say nothing on whether the customer adds anything, and are not to be "
        "compared between customers. What is learned is which products are added, not what an offer would change. Customers "
        "without a row in the month before get a list too, but no figure here counts them.",
    )


def _reproduce(origin: Origin) -> Section:
    return Section("Reproduce", f"`santander reproduce {origin.run_id}` (code `{origin.git_sha}`)")
