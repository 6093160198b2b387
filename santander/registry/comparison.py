"""Two versions beside each other on every month that both can be judged on, as figures and as tables, for who reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from santander.config.settings import Settings
from santander.errors import InputError
from santander.evaluation.calibration import CalibrationBin
from santander.evaluation.drawing import readable
from santander.evaluation.judgement import Evaluation, MonthToJudge, judge
from santander.evaluation.oracle import oracle_of
from santander.evaluation.resampling import PairedDifference, SliceDifference, compare_slices, paired_difference
from santander.lake.lake import Lake
from santander.registry.champion import champion
from santander.registry.decisions import champions_until, decisions
from santander.registry.versions import CHALLENGER, RegisteredVersion, load_version, number_of, registered
from santander.schema.months import Month
from santander.training.collect import Retrieve, collect_month, refuse_too_large
from santander.training.labelled import labelled_months


@dataclass(frozen=True)
class Pair:
    """Who is compared: the one who holds the place, and the one who wants it or took it last."""

    holder: RegisteredVersion
    contender: RegisteredVersion
    sentence: str
    """Who they are, in one sentence."""


@dataclass(frozen=True)
class JudgedMonth:
    """Both versions on the same customers of one month, each by its fit that saw the most without having seen the month."""

    month: Month
    holder: Evaluation
    contender: Evaluation
    holder_calibration: tuple[CalibrationBin, ...]
    contender_calibration: tuple[CalibrationBin, ...]
    difference: PairedDifference
    """Contender less holder."""
    slices: tuple[SliceDifference, ...]


@dataclass(frozen=True)
class Comparison:
    """A pair on all months that both can be judged on; the last one is what the gate looks at."""

    pair: Pair
    months: tuple[JudgedMonth, ...]

    @property
    def last(self) -> JudgedMonth:
        """The latest month."""
        return self.months[-1]

    @property
    def names(self) -> tuple[str, str]:
        """Holder and contender as plots and tables call them."""
        holder, contender = self.pair.holder, self.pair.contender
        return f"v{holder.number} {holder.candidate.recipe.name}", f"v{contender.number} {contender.candidate.recipe.name}"

    @property
    def summary(self) -> str:
        """Return in two sentences who was compared on how many months."""
        found = f"Both can be judged on {len(self.months)} months, {self.months[0].month} to {self.last.month}."
        if len(self.months) == 1:
            found = f"Both can be judged on {self.last.month} alone: one of them has seen every other month, or a later one."
        return f"{self.pair.sentence} {found}{self._ages()}"

    def _ages(self) -> str:
        """A sentence, after a blank, where one of them is younger on the last month: then a difference may be freshness."""
        holder, contender = (
            version.candidate.fit_to_judge(self.last.month) for version in (self.pair.holder, self.pair.contender)
        )
        if holder is None or contender is None or holder.last_month == contender.last_month:
            return ""
        numbers = self.pair.holder.number, self.pair.contender.number
        return (
            f" On {self.last.month} version {numbers[0]} is fitted up to {holder.last_month} and version {numbers[1]} up to "
            f"{contender.last_month}: what differs may be freshness."
        )


def pair_to_review(settings: Settings, lake: Lake) -> Pair:
    """Return the challenger against the champion, or else the champion against the last one before that differs from it.

    After a refresh the champion before is the same model on its gate month. Raises NoChampion, and InputError without one before.
    """
    current = champion(settings)
    challenger = number_of(settings, CHALLENGER)
    if challenger is not None and challenger != current.number and challenger in registered(settings):
        contender = load_version(settings, challenger)
        return Pair(current, contender, f"Challenger version {contender.number} against champion version {current.number}.")
    before = champions_until(settings, lake, current.number)[:-1]
    if not before:
        raise InputError(
            f"version {current.number} has no challenger and no champion before it: there is nothing to compare",
            hint="run 'santander train' for another version",
        )
    gate = current.candidate.gate
    last, *rest = reversed(before)
    nearest = holder = load_version(settings, last)
    if _same_on(gate, nearest, current):
        earlier = (load_version(settings, number) for number in rest)
        holder = next((version for version in earlier if not _same_on(gate, version, current)), nearest)
    who = "the champion before" if holder is nearest else f"the last champion that differs from it on {gate}"
    sentence = f"Champion version {current.number} has no challenger: it is shown against version {holder.number}, {who}."
    return Pair(holder, current, sentence)


def _same_on(month: Month, one: RegisteredVersion, other: RegisteredVersion) -> bool:
    """Whether two versions are judged on a month by the same model; not where one of them cannot be judged on it."""
    fits = one.candidate.fit_to_judge(month), other.candidate.fit_to_judge(month)
    return fits[0] is not None and fits[1] is not None and fits[0].model.fingerprint == fits[1].model.fingerprint


def months_for_both(pair: Pair, labelled: Sequence[Month]) -> list[Month]:
    """The months with known additions that each of the two has a fit for which has not seen them or later ones."""
    candidates = pair.holder.candidate, pair.contender.candidate
    return [month for month in labelled if all(candidate.fit_to_judge(month) is not None for candidate in candidates)]


def compare_versions(settings: Settings, lake: Lake, retrieve: Retrieve, pair: Pair) -> Comparison:
    """Judge both on every month they can be judged on; raises InputError when there is none."""
    months = months_for_both(pair, labelled_months(lake))
    if not months:
        raise InputError(
            f"there is no month that versions {pair.holder.number} and {pair.contender.number} can both be judged on",
            hint="run 'santander train' for a version of the same months",
        )
    refuse_too_large(lake, months)
    retrieve = retrieve.also(pair.holder.candidate.families | pair.contender.candidate.families)
    return Comparison(pair, tuple(_compare(settings, pair, collect_month(lake, retrieve, month)) for month in months))


def _compare(settings: Settings, pair: Pair, rows: MonthToJudge) -> JudgedMonth:
    oracle = oracle_of(settings.data / "raw", rows.month, rows.customers, rows.buyers)
    judged = []
    for version in (pair.holder, pair.contender):
        fit = version.candidate.fit_to_judge(rows.month) or version.candidate.scoring
        found = judge(fit.model, fit.baseline, rows, oracle)
        judged.append((found.evaluation, found.calibration, found.precisions))
    (holder, holder_bins, before), (contender, contender_bins, after) = judged
    rule = settings.gate
    difference = paired_difference(before, after, rule.resamples, rule.seed, rows.customers)
    slices = compare_slices(rows, before, after, rule)
    return JudgedMonth(rows.month, holder, contender, holder_bins, contender_bins, difference, slices)


def share_of_ceiling_by_month(
    lake: Lake, retrieve: Retrieve, versions: Sequence[RegisteredVersion]
) -> Mapping[Month, Mapping[int, float]]:
    """Return for each month with known additions the share of the ceiling of each version, by number, that has not seen it."""
    found: dict[Month, dict[int, float]] = {}
    blind_to = {
        month: {version.number: fit for version in versions if (fit := version.candidate.fit_to_judge(month)) is not None}
        for month in labelled_months(lake)
    }
    judged = {month: blind for month, blind in blind_to.items() if blind}
    refuse_too_large(lake, list(judged))
    for month, blind in judged.items():
        families = {name for fit in blind.values() for name in fit.model.families}
        rows = collect_month(lake, retrieve.also(families), month)
        evaluations = {number: judge(fit.model, fit.baseline, rows).evaluation for number, fit in blind.items()}
        found[month] = {number: e.map7 / e.ceiling for number, e in evaluations.items() if e.ceiling}
    return found


def last_versions(settings: Settings, most: int = 6) -> list[RegisteredVersion]:
    """The versions registered last, the oldest first."""
    return [load_version(settings, number) for number in sorted(registered(settings))[-most:]]


def by_month(comparison: Comparison) -> pd.DataFrame:
    """A row: one month. MAP@7 of both beside baseline, oracle and ceiling, and the relative difference with its bounds."""
    holder, contender = comparison.names
    rows = [
        {
            "month": str(judged.month),
            "customers": judged.holder.customers,
            "buyers": judged.holder.buyers,
            holder: judged.holder.map7,
            contender: judged.contender.map7,
            "baseline": judged.contender.baseline,
            "oracle": judged.holder.oracle,
            "ceiling": judged.holder.ceiling,
            **_change(judged.difference),
        }
        for judged in comparison.months
    ]
    return pd.DataFrame(rows).set_index("month")


def _change(difference: PairedDifference | SliceDifference) -> dict[str, float]:
    return {"relative": difference.relative, "95 % from": difference.relative_lower, "to": difference.relative_upper}


def by_slice(comparison: Comparison) -> pd.DataFrame:
    """A row: one slice of the last month. MAP@7 of both and the relative difference with its bounds."""
    holder, contender = comparison.names
    rows = [
        {
            "slice": part.name,
            "customers": part.customers,
            "buyers": part.buyers,
            holder: part.champion,
            contender: part.challenger,
            **_change(part),
            "enough buyers": part.counts,
        }
        for part in comparison.last.slices
    ]
    return pd.DataFrame(rows).set_index("slice")


def by_product(comparison: Comparison) -> pd.DataFrame:
    """A row: one product added in the last month, the costliest first. Additions that stood first, and MAP@7 lost, of both."""
    holder, contender = comparison.names
    rows = [
        {
            "product": readable(one.product),
            "additions": one.additions,
            f"first, {holder}": one.found_at[0],
            f"first, {contender}": other.found_at[0],
            f"missed, {holder}": one.missed,
            f"missed, {contender}": other.missed,
            f"lost, {holder}": one.lost,
            f"lost, {contender}": other.lost,
        }
        for one, other in zip(comparison.last.holder.products, comparison.last.contender.products, strict=True)
        if one.additions
    ]
    return pd.DataFrame(rows).set_index("product").sort_values(f"lost, {contender}", ascending=False)


def by_version(shares: Mapping[Month, Mapping[int, float]]) -> pd.DataFrame:
    """A row: one month; a column: one version; a cell: its share of the ceiling, nothing where it has seen the month."""
    numbers = sorted({number for of in shares.values() for number in of})
    rows = {str(month): [of.get(number) for number in numbers] for month, of in shares.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=[f"v{number}" for number in numbers], dtype=float)


def verdicts(settings: Settings, lake: Lake) -> pd.DataFrame:
    """A row: one decision of the table ``promotions``, the oldest first."""
    champions = ["champion_before", "champion_after"]
    shown = ["decided_at", "action", "version", "promoted", *champions, "gate_month", "relative", "reason"]
    return pd.DataFrame(decisions(settings, lake), columns=shown).astype(dict.fromkeys(champions, "Int64"))
