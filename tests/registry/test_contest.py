"""Challenger against champion on customers who choose at random: luck, equal models, slices. No registry is needed."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from santander.config.settings import Settings
from santander.evaluation.judgement import MonthToJudge, judge
from santander.features.expansion import Features
from santander.models.chances import Chances, FittedChances
from santander.models.ranking import Scores
from santander.models.recommender import Recommender
from santander.models.training_set import TrainingSet
from santander.registry.contest import UnsoundModel, compare, hindrance, lists_of
from santander.registry.gate import Contest, Verdict
from santander.registry.versions import RegisteredVersion
from santander.training.plan import FitName
from tests.registry import crowd

RULE = Settings.load().gate


@pytest.fixture(scope="module")
def training() -> TrainingSet:
    return crowd.training_set()


@pytest.fixture(scope="module")
def judged() -> MonthToJudge:
    return crowd.gate_rows()


@pytest.fixture(scope="module")
def holder(training: TrainingSet) -> RegisteredVersion:
    return crowd.version(1, training, seed=1000)


@pytest.fixture(scope="module")
def seeded(training: TrainingSet) -> list[RegisteredVersion]:
    """The champion's recipe with ten other seeds: as good as it, and other models."""
    return [crowd.version(2 + seed, training, seed=seed) for seed in range(10)]


def meet(challenger: RegisteredVersion, holder: RegisteredVersion, judged: MonthToJudge) -> Verdict:
    return compare(RULE, challenger, holder, judged, lists_of(challenger, judged))


def test_equal_models_are_never_promoted(
    seeded: list[RegisteredVersion], holder: RegisteredVersion, judged: MonthToJudge
) -> None:
    verdicts = [meet(challenger, holder, judged) for challenger in seeded]
    assert [verdict.promoted for verdict in verdicts] == [False] * 10
    assert all(verdict.contest is Contest.NEW_RECIPE for verdict in verdicts)
    differences = [verdict.compared.relative for verdict in verdicts if verdict.compared is not None]
    assert len(set(differences)) == 10  # they are different models
    assert min(differences) < 0 < max(differences)


def test_a_model_that_is_better_by_luck_on_few_customers_is_not_promoted(
    seeded: list[RegisteredVersion], holder: RegisteredVersion, judged: MonthToJudge
) -> None:
    few = MonthToJudge.in_driver(judged.month, crowd.month_of(crowd.GATE, 6_000).slice(0, 60))
    verdicts = [meet(challenger, holder, few) for challenger in seeded]
    luckiest = max((v for v in verdicts if v.compared), key=lambda verdict: verdict.compared.relative if verdict.compared else 0)
    assert luckiest.compared is not None
    assert luckiest.compared.relative >= RULE.min_relative_gain
    assert luckiest.compared.lower <= 0
    assert not any(verdict.promoted for verdict in verdicts)


def test_a_truly_better_model_is_promoted_and_names_the_contest(
    training: TrainingSet, holder: RegisteredVersion, judged: MonthToJudge
) -> None:
    blind = crowd.version(2, training, columns=["profile"])
    verdict = meet(holder, blind, judged)
    assert (verdict.promoted, verdict.contest, verdict.month) == (True, Contest.NEW_RECIPE, crowd.GATE)
    assert {slice_.name for slice_ in verdict.slices} == {"top", "individuals", "students", "new customers"}
    assert not meet(blind, holder, judged).promoted


def test_freshness_alone_wins_against_an_old_champion_and_not_against_its_refit(
    training: TrainingSet, seeded: list[RegisteredVersion], holder: RegisteredVersion, judged: MonthToJudge
) -> None:
    old = crowd.version(1, crowd.training_set(taste_of=7), seed=1000)  # of a time when people added other products
    refit = holder.candidate.fits[FitName.JUDGED]  # the same recipe on the months before the gate month
    fresh = seeded[0]  # a new recipe, and no better one
    assert meet(fresh, old, judged).promoted
    verdict = compare(RULE, fresh, old, judged, lists_of(fresh, judged), refit)
    assert not verdict.promoted
    assert verdict.compared is not None
    assert verdict.refit is not None
    assert verdict.compared.relative > RULE.min_relative_gain > verdict.refit.relative
    blind = crowd.version(2, training, columns=["profile"]).candidate.fits[FitName.JUDGED]
    better = compare(RULE, fresh, old, judged, lists_of(fresh, judged), blind)
    assert better.promoted
    assert better.counted == better.refit
    assert {slice_.name: slice_.champion for slice_ in better.slices} != {
        slice_.name: slice_.champion for slice_ in meet(fresh, old, judged).slices
    }


def test_the_same_model_under_another_number_is_no_challenger(
    training: TrainingSet, holder: RegisteredVersion, judged: MonthToJudge
) -> None:
    again = dataclasses.replace(holder, number=2)
    verdict = meet(again, holder, judged)
    assert not verdict.promoted
    assert verdict.reason == "it is the same model as champion 1, file by file: nothing to promote"


def test_a_model_that_serves_a_segment_badly_is_refused_whatever_everybody_gains(
    training: TrainingSet, holder: RegisteredVersion, judged: MonthToJudge
) -> None:
    blind = crowd.version(2, training, columns=["profile"])
    biased = dataclasses.replace(holder, candidate=_worst_first_for_some_students(holder))
    verdict = meet(biased, blind, judged)
    assert verdict.compared is not None
    assert verdict.compared.relative > RULE.min_relative_gain
    assert verdict.compared.lower > 0
    assert not verdict.promoted
    assert "worse for students" in verdict.reason
    assert [slice_.name for slice_ in verdict.slices if slice_.failed] == ["students"]


@pytest.fixture(scope="module")
def giving() -> RegisteredVersion:
    """A version that gives chances."""
    return crowd.version(3, crowd.training_set(everybody=True), seed=1000)


@dataclasses.dataclass(frozen=True)
class Bent(FittedChances):
    """Chances that were raised to a power."""

    power: float = 1.0

    def of(self, model: Recommender, features: Features, scores: Scores) -> Scores:
        return super().of(model, features, scores) ** self.power


def with_chances(version: RegisteredVersion, change: Callable[[FittedChances], Chances | None], number: int) -> RegisteredVersion:
    """The same models with other chances, under a number."""
    fits = {}
    for name, fit in version.candidate.fits.items():
        assert isinstance(fit.chances, FittedChances)
        fits[name] = dataclasses.replace(fit, chances=change(fit.chances))
    return dataclasses.replace(version, number=number, candidate=dataclasses.replace(version.candidate, fits=fits))


def bent(version: RegisteredVersion, power: float) -> RegisteredVersion:
    return with_chances(version, lambda chances: Bent(**vars(chances), power=power), version.number)


def test_a_model_is_promoted_when_its_chances_hold_and_not_when_they_are_bent(
    training: TrainingSet, giving: RegisteredVersion, judged: MonthToJudge
) -> None:
    blind = crowd.version(2, training, columns=["profile"])
    sound = meet(giving, blind, judged)
    assert sound.chances is not None
    assert sound.chances.slope == pytest.approx(1, abs=0.15)
    assert sound.promoted
    for power, how in ((1.6, "too far apart"), (0.6, "not far enough apart")):
        verdict = meet(bent(giving, power), blind, judged)
        assert not verdict.promoted
        assert f"; its chances lie {how}: slope of calibration" in verdict.reason
        assert verdict.compared == sound.compared


def test_chances_of_the_judgement_are_those_the_gate_finds_itself(giving: RegisteredVersion, judged: MonthToJudge) -> None:
    fit = giving.candidate.fits[FitName.JUDGED]
    judgement = judge(fit.model, fit.baseline, judged, chances=fit.chances)
    anew, known = lists_of(giving, judged), lists_of(giving, judged, judgement)
    assert anew.chances == known.chances is not None
    assert (anew.overlap, anew.precisions.tolist()) == (known.overlap, known.precisions.tolist())


def test_a_model_that_gives_no_chances_is_not_refused_for_it(
    training: TrainingSet, holder: RegisteredVersion, judged: MonthToJudge
) -> None:
    verdict = meet(holder, crowd.version(2, training, columns=["profile"]), judged)
    assert (verdict.promoted, verdict.chances) == (True, None)


def test_what_is_no_chance_is_refused_as_wrong_scores_are(giving: RegisteredVersion, judged: MonthToJudge) -> None:
    with pytest.raises(UnsoundModel, match=r"its judged fit gives [\d,]+ of 6,000 customers a chance that is none"):
        lists_of(bent(giving, -1.0), judged)


def test_a_version_is_not_judged_on_a_month_it_has_seen(holder: RegisteredVersion) -> None:
    assert hindrance(holder, crowd.GATE) is None
    assert hindrance(holder, crowd.TARGET) is None
    assert hindrance(holder, crowd.GATE - 1) == "version 1 has seen 2016-03 or later months and cannot be judged on it"
    promoted_only = {FitName.PROMOTED: holder.candidate.fits[FitName.PROMOTED]}
    unjudged = dataclasses.replace(holder, candidate=dataclasses.replace(holder.candidate, fits=promoted_only))
    assert hindrance(unjudged, crowd.GATE) == "version 1 is not judged: the judged fit of its recipe is switched off"


def _worst_first_for_some_students(version: RegisteredVersion):
    """The fits of a version with the lists of students below 30 turned round."""

    class Biased:
        def __init__(self, model) -> None:
            self.model, self.prior, self.fingerprint = model, model.prior, "biased"

        def score(self, features):
            scores = self.model.score(features)
            turned = (features["segment"].to_numpy() == 3) & (features["age"].to_numpy() < 30)
            return np.where(turned[:, None], -scores, scores)

        def rank(self, features, scores):
            return self.model.rank(features, scores)

    fits = {name: dataclasses.replace(fit, model=Biased(fit.model)) for name, fit in version.candidate.fits.items()}
    return dataclasses.replace(version.candidate, fits=fits)


def test_the_champions_model_with_chances_beside_it_takes_the_place_of_one_of_an_earlier_release(
    judged: MonthToJudge,
) -> None:
    having = crowd.version(2, crowd.training_set(everybody=True))
    without = with_chances(having, lambda _: None, 1)
    verdict = meet(having, without, judged)
    assert verdict.promoted
    assert verdict.contest is Contest.REFRESH
    assert "the same model, and the champion has no chances" in verdict.reason
    assert not meet(dataclasses.replace(without, number=2), having, judged).promoted
    assert not meet(dataclasses.replace(having, number=3), having, judged).promoted


def test_the_champions_model_with_other_chances_takes_its_place_unless_they_are_bent(
    giving: RegisteredVersion, judged: MonthToJudge
) -> None:
    """Settings of the chances are no settings of the model, and a release may make them otherwise."""
    other = with_chances(giving, lambda chances: dataclasses.replace(chances, typical=chances.typical * 1.01), 4)
    verdict = meet(other, giving, judged)
    assert verdict.promoted
    assert verdict.contest is Contest.REFRESH
    assert "the same model, and the champion has other chances" in verdict.reason
    verdict = meet(bent(other, 1.6), giving, judged)
    assert not verdict.promoted
    assert "its chances lie too far apart" in verdict.reason
