"""What a run says at its end, of outcomes written by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from santander.cli.screen import show
from santander.evaluation.figures import EvaluationFigures
from santander.ledger.steps import INGEST, SCORE, ScoreResult
from santander.pipeline.ingest_step import TakenIn
from santander.pipeline.run_report import MonthRows, WalkReport
from santander.pipeline.step import StepOutcome
from santander.schema.months import Month, month_range
from santander.scoring.month_lists import MonthLists, RecommendedProduct
from santander.training.trained import TRAIN, TrainResult

JUNE, MONTHS = Month(2016, 6), month_range(Month(2015, 1), Month(2016, 6))
TRAINED = TrainResult(EvaluationFigures(Month(2016, 5), 1_947, 60, 0.024, 0.03, 0.02), JUNE, "xgboost", 2, "run", 2, True, "why")
LISTS = MonthLists(JUNE, 1_943, [RecommendedProduct("credit_card", 1_868, 54)], {15889: ["credit_card", "payroll", "taxes"]})


def report(done: Sequence[Month], trained: TrainResult = TRAINED) -> WalkReport:
    fresh = [month for month in MONTHS if month not in done]
    outcomes: list[StepOutcome[object]] = [
        StepOutcome(INGEST, done, fresh, 1.0, TakenIn()),
        StepOutcome(TRAIN, done[-1:], [] if done else [JUNE], 1.0, trained),
        StepOutcome(SCORE, done[-1:], [] if done else [JUNE], 1.0, ScoreResult(JUNE, 1_943, 13_601, 2, "run")),
    ]
    return WalkReport({"2016-06": MonthRows(9, 9, 0, 0, 0)}, outcomes, Path("data"), Path("state"), [], None, {}, LISTS)


def shown(found: WalkReport, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int = 80) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    show(found.tables())
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_end_shows_how_many_lists_some_of_them_and_what_is_recommended_most(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown(report(MONTHS), capsys, monkeypatch, width)
    assert "1,943 customers have a list for 2016-06" in text
    assert "customer 15889: credit_card, payroll, taxes" in text
    assert all(word in text for word in ("1,868", "96%", "54"))
    assert "2015-01 to 2016-06 (18)" in text
    assert "up to date: nothing" not in text
    assert max(len(line) for line in text.splitlines() if "/" not in line) <= width


def test_a_run_that_found_nothing_to_do_says_so_and_shows_what_is_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(report([]), capsys, monkeypatch).splitlines()
    assert lines[0] == "everything is up to date: nothing was done"
    assert "customer 15889: credit_card, payroll, taxes" in "\n".join(lines)
    assert not any(line.startswith("month ") or "seconds" in line for line in lines)


def test_months_with_gaps_are_spans(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(report([Month(2015, 3), Month(2015, 5), JUNE]), capsys, monkeypatch)
    assert "2015-03, 2015-05, 2016-06 (3)" in text


@pytest.mark.parametrize(
    ("champion", "said"), [(2, "version 2, xgboost for 2016-06, is the champion: why"), (1, "does not replace champion 1: why")]
)
def test_the_verdict_says_who_scores(
    champion: int, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said in shown(report(MONTHS, replace(TRAINED, champion=champion)), capsys, monkeypatch, 120)
