"""The pictures of a study, and what is told of its trials."""

from typing import Any

import optuna

from santander.schema.months import Month
from santander.tune.plots import FEWEST_FOR_IMPORTANCE, draw
from santander.tune.result import StudyResult, TrialCounts, Tried


def trial(number: int, state: str, share: float | None = None, recipe: str = "a", **changes: Any) -> Tried:
    plain: dict[str, Any] = {
        "trial": number, "state": state, "recipe": recipe, "as_is": False, "map7": None if share is None else share * 0.03,
        "share_of_ceiling": share, "rounds": 9, "seconds": 1.0, "failure": "", "found": {},
        "settings": {"eta": 0.1, "columns": ["profile", "season"]},
    }  # fmt: skip
    return Tried(**(plain | changes))


STUDY = StudyResult(
    "space for 2016-06, abc",
    Month(2016, 4),
    0.03,
    (
        trial(0, "complete", 0.80, as_is=True),
        trial(1, "complete", 0.85, recipe="b"),
        trial(2, "pruned"),
        trial(3, "complete", 0.82),
        trial(4, "failed", failure="no room"),
        trial(5, "killed"),
        trial(6, "complete", 0.85),
    ),
)


def study_of(trials: int) -> optuna.Study:
    """A study in which only ``eta`` matters."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(lambda t: t.suggest_float("a.eta", 0, 1) + 0 * t.suggest_int("a.depth", 1, 9), n_trials=trials)
    return study


def test_what_cannot_be_told_is_not_drawn() -> None:
    assert draw(study_of(0)) == {}
    assert set(draw(study_of(FEWEST_FOR_IMPORTANCE - 1))) == {"history"}


def test_the_history_shows_each_trial_and_the_setting_that_mattered_most_stands_at_the_top() -> None:
    study = study_of(30)
    plots = draw(study)
    (history,), (importances,) = (plots[name].axes for name in ("history", "importances"))
    dots = history.collections[0].get_offsets().tolist()
    assert dots == [[each.number, each.value] for each in study.trials]
    assert [label.get_text() for label in importances.get_yticklabels()] == ["a.depth", "a.eta"]


def test_the_first_of_equals_is_the_best_and_the_gain_is_over_the_recipe_as_it_is() -> None:
    assert STUDY.best is STUDY.trials[1]
    assert STUDY.gain is not None
    assert round(STUDY.gain, 4) == 0.0625
    assert STUDY.comparison() == ("trial 1 beats the recipe a as it is by 6.25%: 0.8500 of the ceiling of 2016-04 against 0.8000")
    assert STUDY.counts() == TrialCounts(complete=4, pruned=1, failed=1, killed=1)


def test_a_best_that_is_no_better_says_so() -> None:
    study = StudyResult("s, x", Month(2016, 4), 0.03, (STUDY.trials[0], trial(1, "complete", 0.80), trial(2, "complete", 0.7)))
    assert study.comparison() == "no trial beat the recipe a as it is (0.8000 of the ceiling of 2016-04)"


def test_lists_stand_in_the_csv_as_they_are() -> None:
    header, first, *_ = STUDY.as_csv().splitlines()
    assert header.endswith("failure,eta,columns")
    assert first == "0,complete,a,True,0.024,0.8,9,1.0,,0.1,\"['profile', 'season']\""
