"""A verdict of the gate in the words of a model card, and as figures of a run."""

from santander.evaluation.resampling import PairedDifference
from santander.registry.card import Section, escaped, figure, table
from santander.registry.gate import Verdict

COMPARISON = "Against the champion"


def verdict_line(verdict: Verdict) -> str:
    """The first line of a card: what became of the version, and why."""
    return f"{'Promoted' if verdict.promoted else 'Not promoted'}: {escaped(verdict.reason)}"


def comparison(verdict: Verdict, champion: int | None) -> Section | None:
    """What the gate found of challenger and champion on the same customers; None where nothing was compared."""
    compared = verdict.compared
    if compared is None:
        return None
    whom = "the champion" if champion is None else f"champion version {champion}"
    month = "" if verdict.month is None else f" of {verdict.month}"
    contest = "" if verdict.contest is None else f", as a {verdict.contest}"
    told = f"Compared with {whom} on the same customers{month}{contest}.{_ages(verdict)}"
    rows = _gain("everybody", compared)
    if verdict.refit is not None:
        rows = [*_gain("everybody, champion as it is", compared), *_gain("everybody, champion fitted anew", verdict.refit)]
    figures = table(("MAP@7", "champion", "this model", "difference", "95 % from", "to"), rows)
    return Section(COMPARISON, f"{told}\n\n{figures}" + _slices(verdict))


def _ages(verdict: Verdict) -> str:
    """How far the fits that were compared reach, and which gain counts, in one or two sentences after a blank."""
    ages = verdict.ages
    if ages is None:
        return ""
    if verdict.refit is None:
        return f" This model was fitted up to {ages.challenger}, the champion up to {ages.champion}."
    return (
        f" This model was fitted up to {ages.challenger}, the champion up to {ages.champion}: so its recipe was fitted anew "
        f"up to {ages.refit}, and the gain counts over that, as do the slices."
    )


def _gain(title: str, compared: PairedDifference) -> list[tuple[str, ...]]:
    return [
        (
            title, figure(compared.champion), figure(compared.challenger), figure(compared.difference, "+.6f"),
            figure(compared.lower, "+.6f"), figure(compared.upper, "+.6f"),
        ),
        (
            "relative", "", "", figure(compared.relative, "+.2%"), figure(compared.relative_lower, "+.2%"),
            figure(compared.relative_upper, "+.2%"),
        ),
    ]  # fmt: skip


def _slices(verdict: Verdict) -> str:
    if not verdict.slices:
        return ""
    rows = [
        (
            escaped(part.name), f"{part.buyers:,}", figure(part.champion), figure(part.challenger), figure(part.relative, "+.2%"),
            figure(part.relative_lower, "+.2%"), figure(part.relative_upper, "+.2%"),
            "worse" if part.failed else "held" if part.counts else "too few buyers",
        )
        for part in verdict.slices
    ]  # fmt: skip
    return "\n\n" + table(("slice", "buyers", "champion", "this model", "relative", "95 % from", "to", "the gate"), rows)


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
