"""What a model card says of months that are missing among those a model rests on."""

from collections.abc import Sequence

from santander.schema.features import months_read_for
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
