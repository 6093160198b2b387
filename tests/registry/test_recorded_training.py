"""Which trainings of the ledger count as done here, those of earlier releases too, which name no run."""

import datetime as dt

import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.ledger.step_ledger import StepRun
from santander.registry.promotion import register_candidate
from santander.registry.runs import training_here
from santander.registry.versions import registered
from santander.schema.months import Month
from santander.training.trained import TRAIN, TrainResult
from tests.registry.conftest import Named
from tests.registry.two_holders import recipe, report_for

MAY, JUNE = Month(2016, 5), Month(2016, 6)


@pytest.fixture(scope="module")
def settings(named: Named) -> Settings:
    """A registry with versions 1, the baseline, and 2 for May."""
    settings = named("recorded")
    register_candidate(settings, Lake(settings), report_for(MAY, recipe()), promote=False)
    return settings


def training(
    settings: Settings, version: int, *, month: Month = MAY, seconds_since: float = 1.0, run_id: str | None = None
) -> StepRun[TrainResult]:
    """A training that took a second and ended so long after its version was registered."""
    registered_at = registered(settings)[2].registered_at
    ended = dt.datetime.fromtimestamp(registered_at + seconds_since, dt.UTC)
    return StepRun(TRAIN, month, "made of", 1, 1.0, TrainResult(version=version, run_id=run_id), ended)


def test_a_training_that_names_its_run_counts_where_the_run_is(settings: Settings) -> None:
    ours = training(settings, 2, run_id=registered(settings)[2].run_id)
    theirs = training(settings, 2, run_id="that of another registry")
    assert training_here(settings, [ours]) is ours
    assert training_here(settings, [theirs]) is None
    assert training_here(settings, [theirs, ours]) is ours
    assert training_here(settings, [training(settings, 9, run_id=ours.result.run_id)]) is None


def test_a_training_without_a_run_counts_for_the_version_registered_meanwhile(settings: Settings) -> None:
    meanwhile = training(settings, 2)
    assert training_here(settings, [meanwhile]) is meanwhile
    assert training_here(settings, [training(settings, 2, seconds_since=3600)]) is None
    assert training_here(settings, [training(settings, 2, seconds_since=-3600)]) is None
    assert training_here(settings, [training(settings, 2, month=JUNE)]) is None


def test_where_nothing_is_registered_no_training_counts(settings: Settings, named: Named) -> None:
    assert training_here(named("recorded-nowhere"), [training(settings, 2)]) is None
    assert training_here(settings, []) is None
