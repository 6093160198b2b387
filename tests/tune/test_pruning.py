"""Which trials are given up: the rule, and what a trial tells of its losses."""

import threading
from collections.abc import Callable

import optuna
import pytest
from optuna.distributions import CategoricalDistribution

from santander.models.boosted_trees import BoostedTrees
from santander.models.kinds import settings_of
from santander.models.popularity import PopularitySettings
from santander.models.progress import no_progress
from santander.tune.pruning import RECIPE, MedianOfRecipe, Stopped, Watch, learning_rate

ROUNDS = 40
Loss = Callable[[int], float]


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def study(startup_trials: int = 2, tolerance: float = 0.1) -> optuna.Study:
    return optuna.create_study(direction="maximize", pruner=MedianOfRecipe(startup_trials, tolerance))


def rounds_made(of: optuna.Study, loss: Loss, *, eta: float = 0.5, warmup_rounds: int | None = 1, recipe: str = "a") -> int:
    """The rounds that a trial with these losses makes before it is given up."""
    of.enqueue_trial({RECIPE: recipe})
    trial = of.ask({RECIPE: CategoricalDistribution(["a", "b"])})
    settings = settings_of(BoostedTrees, {"columns": ["profile"], "rounds": ROUNDS, "eta": eta, "max_depth": 3})
    watch = Watch(trial, settings, warmup_rounds, no_progress, threading.Event())
    for done in range(1, ROUNDS + 1):
        try:
            watch(done, ROUNDS, loss(done))
        except optuna.TrialPruned:
            of.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return done
    of.tell(trial, 0.5)
    return ROUNDS


def learner(eta: float) -> Loss:
    """A loss that falls with rounds x learning rate."""
    return lambda done: 1 + 1 / (done * eta)


def test_a_worse_trial_is_given_up_once_enough_others_are_completed() -> None:
    here = study()
    assert rounds_made(here, lambda _: 9.0) == ROUNDS
    assert rounds_made(here, lambda _: 1.0) == ROUNDS
    assert rounds_made(here, lambda _: 9.0) == 2  # the first step of a learning rate of 0.5


def test_a_trial_within_the_tolerance_goes_on() -> None:
    here = study(startup_trials=1)
    rounds_made(here, lambda _: 1.0)
    assert rounds_made(here, lambda _: 1.09) == ROUNDS
    assert rounds_made(here, lambda _: 1.2) == 2


def test_a_slow_learner_is_not_given_up_for_being_slow() -> None:
    here = study(startup_trials=1)
    rounds_made(here, learner(0.5), eta=0.5)
    assert learner(0.1)(10) > learner(0.5)(10) * 1.1
    assert rounds_made(here, learner(0.1), eta=0.1) == ROUNDS


def test_a_trial_is_compared_with_its_own_recipe() -> None:
    here = study(startup_trials=1)
    rounds_made(here, lambda _: 1.0, recipe="a")
    assert rounds_made(here, lambda _: 9.0, recipe="b") == ROUNDS
    assert rounds_made(here, lambda _: 9.0, recipe="a") < ROUNDS


def test_rounds_of_grace_are_made_in_any_case() -> None:
    here = study(startup_trials=1)
    rounds_made(here, lambda _: 1.0)
    assert rounds_made(here, lambda _: 9.0, warmup_rounds=30) == 30
    assert rounds_made(here, lambda _: 9.0, warmup_rounds=None) == ROUNDS


def test_a_loss_that_is_no_number_is_not_told() -> None:
    here = study()
    rounds_made(here, lambda done: float("nan") if done < 30 else 1.0)
    assert list(here.trials[0].intermediate_values) == [15, 16, 17, 18, 19, 20]


def test_an_interrupted_search_ends_the_fit_at_its_next_round() -> None:
    stop = threading.Event()
    watch = Watch(study().ask(), PopularitySettings(), None, no_progress, stop)
    watch(1, 2, None)
    stop.set()
    with pytest.raises(Stopped):
        watch(2, 2, None)


def test_a_kind_without_a_learning_rate_learns_by_the_round() -> None:
    assert learning_rate(PopularitySettings()) == 1.0
