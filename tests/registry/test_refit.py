"""A new recipe meets an old champion, whose recipe is fitted anew from the tables of a small bank. Real MLflow and Feast."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.evaluation.judgement import MonthToJudge, judge
from santander.lake.lake import Lake
from santander.models import month_weight
from santander.models.blend import Blend
from santander.registry.blending import blend_candidate
from santander.registry.decisions import Promotion, decisions
from santander.registry.promotion import promote_version
from santander.registry.refit import KeptRefits, Refits
from santander.registry.registration import register
from santander.registry.tracking import open_tracking
from santander.registry.versions import CHAMPION, champion_number, load_version
from santander.schema.months import Month
from santander.schema.records import plain
from santander.store.access import open_store
from santander.training.candidate import Candidate
from santander.training.collect import Retrieve, collect_month, collect_training_set, through
from santander.training.fitting import fit_candidate
from santander.training.plan import FitName, plan_months
from santander.training.recipe import Fits, MonthsBefore, Recipe
from tests.conftest import Bank
from tests.registry.conftest import Named

pytestmark = pytest.mark.embedded

OLD, TARGET = Month(2016, 2), Month(2016, 6)
GATE = TARGET - 1
BASELINE, TREES, BLEND, ALIKE, BETTER = 1, 2, 3, 4, 5
MONTHS = (MonthsBefore(first=1, last=2),)
FITS = Fits(rounds=False, judged=True, promoted=True)


def popularity(min_group: int) -> Recipe:
    return Recipe(name="counts", kind="popularity", months=MONTHS, fits=FITS, settings={"min_group": min_group})


def trees(rounds: int, *, search: bool = False) -> Recipe:
    settings = {"columns": ["profile", "history_counts"], "rounds": rounds, "max_depth": 3, "eta": 0.5}
    if search:
        settings["early_stopping_rounds"] = 2
    fits = FITS.model_copy(update={"rounds": search})
    return Recipe(name="trees", kind="xgboost", months=MONTHS, fits=fits, settings=settings)


@pytest.fixture(scope="module")
def settings(bank: Bank, named: Named, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A registry of these tests over the data of the bank."""
    mlflow = named("refits").mlflow.model_dump()
    return Settings.load(data_dir=bank.settings.data_dir, state_dir=str(tmp_path_factory.mktemp("refits")), mlflow=mlflow)


@pytest.fixture(scope="module")
def lake(bank: Bank, settings: Settings) -> Lake:
    # the ledger of the bank lies in its tables, locks and refits in the state folder of these tests
    return Lake(settings, bank.lake.session)


@pytest.fixture(scope="module")
def retrieve(settings: Settings, lake: Lake) -> Retrieve:
    return through(open_store(settings, lake))


@pytest.fixture(scope="module")
def gate(lake: Lake, retrieve: Retrieve) -> MonthToJudge:
    return collect_month(lake, retrieve, GATE)


@pytest.fixture(scope="module")
def fresh(settings: Settings, lake: Lake, retrieve: Retrieve) -> dict[int, Candidate]:
    """Versions 1 to 3 are fitted for an old month, 4 and 5 for the last; here each recipe as it is fitted for the last."""
    months = [Month(2015, 10) + step for step in range(8)]
    training = collect_training_set(lake, retrieve, dict.fromkeys(months, month_weight.ALIKE))

    def fitted(recipe: Recipe, target: Month) -> Candidate:
        return fit_candidate(recipe, plan_months(recipe, target, months), training)

    def registered(candidate: Candidate) -> int:
        return register(settings, lake, candidate, None, training.example(3))

    for candidate in (fitted(popularity(500), OLD), fitted(trees(20, search=True), OLD)):
        registered(candidate)
    members = [{"version": BASELINE}, {"version": TREES, "weight": 2.0}]
    mixed = Recipe(name="mixed", kind="blend", months=MONTHS, fits=FITS, settings={"members": members})
    assert registered(blend_candidate(settings, mixed, plan_months(mixed, OLD, months))) == BLEND
    assert [registered(fitted(recipe, TARGET)) for recipe in (popularity(400), trees(15))] == [ALIKE, BETTER]
    found = load_version(settings, TREES).candidate.fits[FitName.JUDGED].model.rounds
    without_search = trees(20, search=True).with_rounds(found).model_copy(update={"fits": FITS})
    return {BASELINE: fitted(popularity(500), TARGET), TREES: fitted(without_search, TARGET)}


@pytest.fixture
def holds(settings: Settings, fresh: dict[int, Candidate]) -> Iterator[None]:
    """The old baseline is champion, and nothing is kept."""
    _crown(settings, BASELINE)
    yield
    KeptRefits(settings.state).remove()


def _crown(settings: Settings, number: int) -> None:
    client = open_tracking(settings)
    client.set_registered_model_alias(settings.mlflow.registered_model, CHAMPION, str(number))


def promote(settings: Settings, lake: Lake, gate: MonthToJudge, number: int, override: str | None = None) -> Promotion:
    return promote_version(settings, lake, lambda _: gate, number, override=override)


def test_a_new_recipe_as_good_as_the_champions_is_not_promoted_for_being_fresh(
    settings: Settings, lake: Lake, gate: MonthToJudge, fresh: dict[int, Candidate], holds: None
) -> None:
    decision = promote(settings, lake, gate, ALIKE)
    assert not decision.verdict.promoted
    assert champion_number(settings) == BASELINE
    contestants = plain(decision)["contestants"]
    assert {name: found["fitted_to"] for name, found in contestants.items()} == {
        "challenger": "2016-04",
        "champion": "2016-01",
        "refit": "2016-04",
    }
    # what a training of the champion's recipe for the challenger's target is judged by
    judged = fresh[BASELINE].fits[FitName.JUDGED]
    assert contestants["refit"]["map7"] == judge(judged.model, judged.baseline, gate).evaluation.map7
    assert contestants["champion"]["map7"] == plain(decision)["figures"]["champion_map7"] != contestants["refit"]["map7"]
    reason = decision.verdict.reason
    assert reason.startswith("fitted up to 2016-04, and the champion's recipe fitted anew up to 2016-04: MAP@7 ")
    assert "; the champion as it is, fitted up to 2016-01: " in reason
    [row] = [row for row in decisions(settings, lake) if row.version == ALIKE]
    assert row.payload({}).contestants == contestants


def test_a_recipe_that_is_better_than_the_refit_is_promoted_and_its_run_and_card_show_both(
    settings: Settings, lake: Lake, gate: MonthToJudge, holds: None
) -> None:
    decision = promote(settings, lake, gate, BETTER)
    assert decision.verdict.promoted
    assert champion_number(settings) == BETTER
    assert decision.verdict.refit is not None
    assert decision.verdict.compared is not None
    client = open_tracking(settings)
    run = client.get_run(load_version(settings, BETTER).run_id)
    assert run.data.metrics["gain_over_champion"] == decision.verdict.compared.relative
    assert run.data.metrics["gain_over_champion_refit"] == decision.verdict.refit.relative
    card = client.get_model_version(settings.mlflow.registered_model, str(BETTER)).description
    assert "the champion up to 2016-01: so its recipe was fitted anew up to 2016-04" in card
    assert len(client.search_model_versions(f"name = '{settings.mlflow.registered_model}'")) == BETTER


def test_a_refit_is_kept_for_the_next_contest_and_made_anew_where_it_cannot_be_read(
    settings: Settings, lake: Lake, gate: MonthToJudge, holds: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = promote(settings, lake, gate, ALIKE)
    assert caplog.text.count("its recipe counts is fitted anew up to 2016-04") == 1
    [kept] = (settings.state / "refits").iterdir()
    assert kept.name.startswith("2016-05-")
    caplog.clear()
    assert promote(settings, lake, gate, ALIKE) == first
    assert "is fitted anew" not in caplog.text
    (kept / "candidate.json").write_text("{")
    assert promote(settings, lake, gate, ALIKE) == first
    assert "cannot be read and is made anew" in caplog.text
    assert KeptRefits(settings.state).remove(older_than_days=1) == 0
    assert KeptRefits(settings.state).remove(dry_run=True) == KeptRefits(settings.state).remove() == 1
    assert not list((settings.state / "refits").iterdir())


def test_an_override_compares_as_it_is_and_says_so(settings: Settings, lake: Lake, gate: MonthToJudge, holds: None) -> None:
    decision = promote(settings, lake, gate, ALIKE, override="a trial")
    assert decision.verdict.promoted
    assert "the gate would have fitted the champion's recipe anew up to 2016-04; as it is: MAP@7" in decision.verdict.reason
    assert decision.verdict.refit is None
    assert not (settings.state / "refits").exists() or not list((settings.state / "refits").iterdir())


def test_the_rounds_that_a_search_found_are_those_of_the_refit(
    settings: Settings, lake: Lake, fresh: dict[int, Candidate], holds: None
) -> None:
    holder, challenger = load_version(settings, TREES), load_version(settings, BETTER)
    refit = Refits(settings, lake).against(challenger, holder, GATE)
    assert refit is not None
    assert holder.candidate.recipe.settings["rounds"] == 20
    assert refit.model.rounds == holder.candidate.fits[FitName.JUDGED].model.rounds < 20
    assert sorted(refit.weights) == [Month(2016, 3), Month(2016, 4)]
    assert refit.model.fingerprint == fresh[TREES].fits[FitName.JUDGED].model.fingerprint


def test_the_members_of_a_blend_are_fitted_anew(
    settings: Settings, lake: Lake, gate: MonthToJudge, fresh: dict[int, Candidate], holds: None
) -> None:
    holder, challenger = load_version(settings, BLEND), load_version(settings, BETTER)
    refit = Refits(settings, lake).against(challenger, holder, GATE)
    assert refit is not None
    assert isinstance(refit.model, Blend)
    counts, boosted = refit.model.members
    assert counts.fingerprint == fresh[BASELINE].fits[FitName.JUDGED].model.fingerprint
    assert boosted.fingerprint == fresh[TREES].fits[FitName.JUDGED].model.fingerprint
    assert refit.last_month == GATE - 1


def test_where_the_months_of_a_refit_are_gone_nobody_is_promoted(
    settings: Settings, lake: Lake, gate: MonthToJudge, holds: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from santander.registry import refit

    monkeypatch.setattr(refit, "labelled_months", lambda _: [Month(2016, 1), GATE])
    decision = promote(settings, lake, gate, BETTER)
    assert not decision.verdict.promoted
    assert champion_number(settings) == BASELINE
    assert decision.verdict.reason.startswith(
        "champion 1 cannot be fitted anew up to 2016-04, so a gain over it might be freshness alone: it takes additions of "
        "2016-03, 2016-04, which the challenger has seen"
    )


def test_a_refresh_and_a_champion_as_fresh_as_can_be_need_no_refit(settings: Settings, lake: Lake, holds: None) -> None:
    refits = Refits(settings, lake)
    better, alike = load_version(settings, BETTER), load_version(settings, ALIKE)
    assert refits.against(better, alike, GATE) is None
    assert refits.against(better, load_version(settings, BASELINE), Month(2016, 3)) is None  # the challenger has seen it
    assert not Path(settings.state / "refits").exists() or not list((settings.state / "refits").iterdir())
