"""What the pictures of a study show."""

from typing import Any

from santander.schema.months import Month
from santander.tune.plots import draw, history, importance_of_parameters
from santander.tune.result import StudyResult, TrialCounts, Tried
from santander.tune.variant import Variant


def trial(number: int, state: str, share: float | None = None, recipe: str = "a", **changes: Any) -> Tried:
    map7 = None if share is None else share * 0.03
    values = {"eta": 0.1, "columns": ["profile", "season"]}
    plain: dict[str, Any] = {"as_is": False, "map7": map7, "share_of_ceiling": share, "rounds": 9, "seconds": 1.0}
    return Tried(number=number, state=state, variant=Variant(recipe, values), **(plain | {"found": {}, "failure": ""} | changes))


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


def test_the_history_shows_each_trial_the_best_so_far_and_those_given_up() -> None:
    (axes,) = history(STUDY).axes
    dots = {artist.get_label(): artist.get_offsets().tolist() for artist in axes.collections}
    assert dots["a"] == [[0, 0.80], [3, 0.82], [6, 0.85]]
    assert dots["b"] == [[1, 0.85]]
    assert dots["recipe as it is"] == [[0, 0.80]]
    (best,) = axes.lines
    assert best.get_xydata().tolist() == [[0, 0.80], [1, 0.85], [3, 0.85], [6, 0.85]]
    assert [2.0, 0.03] in [place for artist in axes.collections for place in artist.get_offsets().tolist()]
    assert axes.get_title() == "Tuning space for 2016-06: 4 trials completed, 1 given up early"


def test_the_largest_importance_stands_at_the_top() -> None:
    (axes,) = importance_of_parameters({"eta": 0.2, "max_depth": 0.8}).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["eta", "max_depth"]


def test_what_cannot_be_told_is_not_drawn() -> None:
    assert draw(StudyResult("s, x", Month(2016, 4), 0.03, ()), {}) == {}
    assert set(draw(STUDY, {})) == {"history"}
    assert set(draw(STUDY, {"eta": 1.0})) == {"history", "importances"}


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
