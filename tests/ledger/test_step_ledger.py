"""Results of steps as the ledger records them, those of earlier releases too."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.ledger.step_ledger import StepLedger
from santander.ledger.steps import BUILD, INGEST, SCORE, IngestRecord, NoResult, ScoreResult
from santander.schema.catalogue import STEP_RUNS
from santander.schema.months import Month
from santander.training.trained import TRAIN

MAY, JUNE = Month(2016, 5), Month(2016, 6)
AT = dt.datetime(2016, 6, 1, tzinfo=dt.UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(Settings.load(data_dir=str(tmp_path)))


def recorded(lake: Lake, step: str, result: dict[str, Any]) -> StepLedger:
    """A ledger with a run for June whose result is written by hand."""
    row = {"step": step, "month": str(JUNE), "fingerprint": "made of", "rows": 1, "seconds": 1.0, "finished_at": AT}
    lake.append_rows(STEP_RUNS, [row | {"result": json.dumps(result)}])
    return StepLedger(lake)


def test_a_result_is_read_as_it_was_recorded(lake: Lake) -> None:
    scored = ScoreResult(JUNE, customers=10, rows=70, model_version=2, run_id="a run")
    lost = IngestRecord({MAY: ["f00", "f01"]})
    ledger = StepLedger(lake)
    ledger.record(SCORE, [(JUNE, "made of", 70)], 1.0, scored)
    ledger.record(INGEST, [(MAY, "a file", 5)], 1.0, lost)
    ledger.record(BUILD, [(MAY, "rows", 5)], 1.0, NoResult())
    for each in (ledger, StepLedger(lake)):
        (last,) = each.runs_on(SCORE, JUNE, "made of")
        assert last == each.last(SCORE, JUNE)
        assert last.result == scored
        assert [run.result for run in each.runs_of(INGEST)] == [lost]
        assert [run.result for run in each.runs_of(BUILD)] == [NoResult()]


def test_a_training_of_an_earlier_release_lacks_what_was_added_since(lake: Lake) -> None:
    judged = {"month": "2016-05", "customers": 9, "buyers": 2, "map7": 0.02, "ceiling": 0.03, "baseline": 0.01}
    ledger = recorded(lake, "train", judged | {"target": "2016-06", "version": 2, "reason": "better", "no longer": "known"})
    last = ledger.last(TRAIN, JUNE)
    assert last is not None
    assert last.result.evaluation is not None
    assert (last.result.evaluation.map7, last.result.evaluation.gain_over_baseline) == (0.02, 1.0), "follows from what is there"
    assert (last.result.evaluation.oracle, last.result.evaluation.share_of_oracle) == (None, None)
    assert (last.result.target, last.result.version, last.result.run_id) == (JUNE, 2, None)


def test_a_step_that_recorded_nothing_has_a_result_all_the_same(lake: Lake) -> None:
    last = recorded(lake, "score", {}).last(SCORE, JUNE)
    assert last is not None
    assert (last.result, last.rows) == (ScoreResult(), 1)
