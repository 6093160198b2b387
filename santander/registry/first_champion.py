"""The baseline as a candidate of its own: it is the first champion, so that there is always a model to score with."""

from santander.evaluation.judgement import Judgement, judge
from santander.models.popularity import PopularitySettings
from santander.training.candidate import Candidate, Fit
from santander.training.recipe import Recipe


def baseline_candidate(candidate: Candidate) -> Candidate:
    """The baseline of a candidate: popularity, fitted on the same months."""
    recipe = Recipe(
        name="popularity",
        kind="popularity",
        months=candidate.recipe.months,
        fits=candidate.recipe.fits,
        settings=PopularitySettings().model_dump(),
    )
    fits = {name: Fit(name, fit.baseline, fit.baseline, fit.weights) for name, fit in candidate.fits.items()}
    return Candidate(recipe, candidate.target, fits)


def judged_as_baseline(first: Candidate, judgement: Judgement | None) -> Judgement | None:
    """What the baseline reached where its candidate was judged; None where that was not."""
    if judgement is None:
        return None
    fit = first.fit_to_judge(judgement.judged.month)
    return None if fit is None else judge(fit.model, fit.baseline, judgement.judged, judgement.evaluation.oracle)
