"""What a person orders: overrides, rollbacks, versions that wait. Real MLflow on SQLite and a real Delta table."""

import json
from typing import Any

import pytest

from santander.config.settings import Settings
from santander.engine.memory.budget import OverBudget
from santander.errors import InputError
from santander.evaluation.judgement import MonthToJudge
from santander.lake.lake import Lake
from santander.registry import orders as alias_module
from santander.registry.champion import version_for
from santander.registry.decisions import DecisionRow, Promotion, Undecided, decisions
from santander.registry.listing import registered_versions
from santander.registry.orders import check_order, roll_back
from santander.registry.promotion import promote_version, register_candidate
from santander.registry.tracking import open_tracking
from santander.registry.versions import champion_number
from santander.schema.months import Month
from tests.registry.conftest import Named
from tests.registry.two_holders import gate_month, recipe, report_for

APRIL, MAY, JUNE = Month(2016, 4), Month(2016, 5), Month(2016, 6)


def rows_of(month: Month | None) -> MonthToJudge:
    return gate_month(month or APRIL)


def promote(settings: Settings, number: int, **how: Any) -> Promotion:
    return promote_version(settings, Lake(settings), rows_of, number, **how)


def back(settings: Settings, reason: str | None = None) -> Promotion:
    return roll_back(settings, Lake(settings), reason)


def table(settings: Settings) -> list[DecisionRow]:
    return decisions(settings, Lake(settings))


def tags(settings: Settings, number: int) -> dict[str, str]:
    return dict(open_tracking(settings).get_model_version(settings.mlflow.registered_model, str(number)).tags)


@pytest.fixture(scope="module")
def settings(named: Named) -> Settings:
    """Version 1 is the baseline, 2 a better model, 3 the same of later months, 4 one that is no better than the baseline.

    Nobody but the baseline has been promoted; the tests of this file follow each other.
    """
    settings = named("ordered")
    lake = Lake(settings)
    for target, made_by in ((MAY, recipe()), (JUNE, recipe()), (JUNE, recipe(columns=["profile"]))):
        register_candidate(settings, lake, report_for(target, made_by), promote=False)
    return settings


def test_candidates_wait_as_challenger_and_nothing_is_decided(settings: Settings) -> None:
    assert champion_number(settings) == 1
    assert [(row.action, row.version) for row in table(settings)] == [("first", 1)]
    assert tags(settings, 2)["promoted"] == "waiting"
    assert tags(settings, 2)["verdict"].startswith("version 2 waits and has met no champion")
    assert [(v.version, v.aliases) for v in registered_versions(settings, 2)] == [(4, ("challenger",)), (3, ())]


def test_a_process_that_dies_before_the_alias_moves_leaves_the_champion_and_the_next_promote_decides_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(alias_module, "set_alias", die)
    with pytest.raises(KeyboardInterrupt):
        promote(settings, 2)
    monkeypatch.undo()
    assert champion_number(settings) == 1
    assert (table(settings)[-1].promoted, table(settings)[-1].champion_after) == (None, 2)
    with pytest.raises(Undecided, match="no champion before version 1 is known"):
        back(settings)
    decided = promote(settings, 2)
    assert (decided.verdict.promoted, decided.champion, champion_number(settings)) == (True, 2, 2)


def test_a_decision_is_in_the_table_with_its_figures(settings: Settings) -> None:
    row = table(settings)[-1]
    assert (row.action, row.contest, row.gate_month) == ("gate", "new recipe", "2016-04")
    assert (row.champion_before, row.champion_after) == (1, 2)
    assert row.map7 > row.champion_map7 > 0
    assert row.lower > 0
    assert [slice_["name"] for slice_ in json.loads(row.slices)] == ["individuals"]
    version = open_tracking(settings).get_model_version(settings.mlflow.registered_model, "2")
    assert row.run_id == version.run_id
    assert row.reason == version.tags["verdict"]


def test_a_version_that_is_champion_is_said_to_be_so_and_nothing_is_written(settings: Settings) -> None:
    before = len(table(settings))
    decided = promote(settings, 2)
    assert decided.verdict.promoted is True
    assert decided.verdict.reason == "version 2 is the champion already (nothing was decided)"
    assert len(table(settings)) == before


def test_a_month_that_the_challenger_has_seen_is_refused(settings: Settings) -> None:
    with pytest.raises(Undecided, match="version 3 has seen 2016-04 or later months and cannot be judged on it") as refused:
        promote(settings, 3, month=APRIL)
    assert refused.value.exit_code == 2
    assert champion_number(settings) == 2


def test_an_override_promotes_what_the_gate_refuses_and_keeps_its_figures(settings: Settings) -> None:
    refused = promote(settings, 4)
    assert (refused.verdict.promoted, champion_number(settings)) == (False, 2)
    ordered = promote(settings, 4, override="the champion has seen erased customers")
    assert (ordered.champion, champion_number(settings)) == (4, 4)
    row = table(settings)[-1]
    assert (row.action, row.promoted, row.champion_before) == ("override", True, 2)
    assert row.reason.startswith("override: the champion has seen erased customers (the gate said: MAP@7 ")
    assert row.map7 < row.champion_map7


def test_an_override_without_anything_to_compare_with_says_so(settings: Settings) -> None:
    def none_known(month: Month | None) -> MonthToJudge:
        if month is not None:
            raise InputError(f"additions of {month} are not known")
        return gate_month(APRIL)

    ordered = promote_version(settings, Lake(settings), none_known, 3, override="audit")
    assert champion_number(settings) == 3
    assert "(the gate said: version 3 has seen 2016-04" in ordered.verdict.reason
    assert table(settings)[-1].map7 is None


def test_an_override_is_refused_where_the_gate_month_is_more_than_the_memory_budget_holds(settings: Settings) -> None:
    def too_large(month: Month | None) -> MonthToJudge:
        if month is not None:
            raise OverBudget(f"judge: rows of {month}")
        return gate_month(APRIL)

    before = champion_number(settings)
    with pytest.raises(Undecided, match="judge: rows of 2016-05; no version was promoted"):
        promote_version(settings, Lake(settings), too_large, 4, override="audit")
    assert champion_number(settings) == before != 4


def test_a_champion_that_has_seen_the_month_is_not_judged_on_it(settings: Settings) -> None:
    with pytest.raises(Undecided, match="version 3 has seen 2016-04 or later months and cannot be judged on it"):
        promote(settings, 2, month=APRIL)
    by_default = promote(settings, 2)
    assert (by_default.verdict.promoted, champion_number(settings)) == (False, 3)
    assert by_default.verdict.reason.startswith("champion: version 3 has seen 2016-04")


def test_a_rollback_goes_back_one_champion_at_a_time(settings: Settings) -> None:
    decided = back(settings, "complaints")
    assert (decided.version, decided.champion_before, champion_number(settings)) == (4, 3, 4)
    assert (table(settings)[-1].action, table(settings)[-1].reason) == (
        "rollback",
        "rolled back from version 3: complaints",
    )
    assert tags(settings, 3)["promoted"] == "false"
    assert tags(settings, 3)["verdict"] == "rolled back to version 4: complaints"
    assert tags(settings, 4)["promoted"] == "true"
    assert back(settings).champion == champion_number(settings) == 2
    assert back(settings).champion == champion_number(settings) == 1
    with pytest.raises(Undecided, match="no champion before version 1 is known: there is nothing to go back to") as refused:
        back(settings)
    assert refused.value.exit_code == 2


def test_a_version_that_was_rolled_back_scores_no_other_month(settings: Settings) -> None:
    promote(settings, 2)
    promote(settings, 3)
    assert version_for(settings, MAY).number == 2
    back(settings)
    assert (version_for(settings, MAY).number, version_for(settings, JUNE).number) == (2, 2)
    back(settings)
    assert (version_for(settings, MAY).number, version_for(settings, JUNE).number) == (1, 1)


def test_a_registry_from_before_the_table_goes_by_the_tags(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    promote(settings, 2)
    monkeypatch.setattr(Lake, "rows", lambda *_: [])
    assert back(settings).champion == champion_number(settings) == 1


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"override": True}, "--override needs a reason"),
        ({"override": True, "reason": "  "}, "--override needs a reason"),
        ({"override": True, "rollback": True, "reason": "x"}, "not both"),
        ({"rollback": True, "version": 3}, "leave out --version"),
        ({"rollback": True, "month": "2016-05"}, "leave out --version"),
        ({"reason": "x"}, "--reason belongs to --override or --rollback"),
    ],
)
def test_orders_that_make_no_sense_are_refused(given: dict[str, Any], complaint: str) -> None:
    nothing: dict[str, Any] = {
        "version": None, "alias": None, "month": None, "override": False, "rollback": False, "reason": None,
    }  # fmt: skip
    with pytest.raises(InputError, match=complaint):
        check_order(**{**nothing, **given})


def test_a_reason_is_kept_without_its_blanks() -> None:
    assert check_order(3, None, None, override=True, rollback=False, reason=" why ") == "why"
    assert check_order(None, None, None, override=False, rollback=True, reason=None) is None
