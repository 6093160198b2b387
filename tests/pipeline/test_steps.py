"""Steps on a few records: files that share months, stale inputs, and an ingest that dies between its commits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.ingest.replacing import replaced_by_month
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.pipeline.train_step import _with_champion
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE, Table
from santander.schema.months import Month
from santander.schema.records import plain
from santander.training.recipe import Recipe
from santander.training.trained import TrainResult
from tests.conftest import Bank
from tests.landing_files import landing_file, record
from tests.own_bank import own_copy

JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)


def content(lake: Lake, table: Table) -> list[tuple[Any, ...]]:
    rows = lake.rows(table) if lake.exists(table) else []
    unstable = {"ingestion_id", "ingested_at"}
    return sorted((tuple(str(value) for name, value in row.items() if name not in unstable) for row in rows), key=str)


def test_files_of_one_month_are_taken_together_when_one_of_them_changes(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = Steps(settings, session)
    one = landing_file(tmp_path / "one.csv", [record(i) for i in range(1, 400)])
    other = landing_file(tmp_path / "other.csv", [record(i) for i in range(400, 1000)])
    steps.ingest_new([one, other])
    changed = landing_file(tmp_path / "other.csv", [record(i) for i in range(400, 999)])
    steps.ingest_new([one, changed])
    assert steps.lake.rows_by_month(CUSTOMERS) == {JANUARY: 998}
    assert not steps.ingest_new([one, changed]).done


def test_a_correction_alone_replaces_its_month_and_is_not_undone_by_the_older_file(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = Steps(settings, session)
    whole = landing_file(tmp_path / "a.csv", [record(1), record(2), record(1, "2015-02")])
    steps.ingest_new([whole])
    steps.ingest_new([landing_file(tmp_path / "b.csv", [record(1), record(2), record(3)])])
    assert not steps.ingest_new([whole]).done
    assert steps.lake.rows_by_month(CUSTOMERS) == {JANUARY: 3, FEBRUARY: 1}


def test_a_file_with_a_corrected_month_is_said_to_have_one_and_stays_so(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = Steps(settings, session)
    whole = landing_file(tmp_path / "train.csv", [record(i, m) for m in ("2015-01", "2015-02") for i in range(1, 41)])
    steps.ingest_new([whole])
    corrected = landing_file(tmp_path / "january.csv", [record(i) for i in range(2, 41)])
    report = steps.ingest_new([corrected])
    assert plain(replaced_by_month(report.result.replaced)[Month(2015, 1)]) == {
        "rows": 39,
        "rows_before": 40,
        "customers_gone": 1,
        "merges_undone": [],
    }
    for named in ([whole], [whole, corrected]):  # also where the correction is named beside the file it corrects
        again = steps.ingest_new(named)
        assert (again.done, again.result.files) == ([], [])
        assert [plain(each) for each in again.result.overtaken] == [
            {"file": str(whole), "months": ["2015-01"], "now_from": [str(corrected)]}
        ]
    assert steps.lake.rows_by_month(CUSTOMERS) == {JANUARY: 39, FEBRUARY: 40}


def test_parts_named_together_are_all_taken_in_however_they_were_ingested_before(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = Steps(settings, session)
    one = landing_file(tmp_path / "one.csv", [record(i) for i in range(1, 41)])
    two = landing_file(tmp_path / "two.csv", [record(i) for i in range(41, 101)])
    other = landing_file(tmp_path / "other.csv", [record(i, "2015-02") for i in range(1, 101)])
    steps.ingest([one])
    with pytest.raises(InputError, match=r"shares 0 of its 60 customers.*santander ingest --merge .*two\.csv"):
        steps.ingest_new([two])
    steps.ingest([two], replace_others=True)
    steps.ingest_new([other])
    untouched = steps.lake.fingerprints(CUSTOMERS)[FEBRUARY]

    left = steps.ingest_new([one])  # by itself it would take the month from the other part
    assert (left.done, left.result.overtaken[0].now_from) == ([], (str(two),))
    assert steps.ingest_new([one, two, other]).done == [JANUARY]
    assert steps.lake.rows_by_month(CUSTOMERS) == {JANUARY: 100, FEBRUARY: 100}
    assert steps.lake.fingerprints(CUSTOMERS)[FEBRUARY] == untouched
    assert steps.ingest_new([one, two, other]).done == []

    steps.ingest([two])  # all of its customers are there, but those of the other part are gone
    assert steps.ingest_new([one, two]).done == [JANUARY]
    assert steps.lake.rows_by_month(CUSTOMERS)[JANUARY] == 100


def test_a_merged_part_is_up_to_date_and_taken_in_again_with_the_other_once_it_is_undone(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = Steps(settings, session)
    one = landing_file(tmp_path / "one.csv", [record(i) for i in range(1, 41)])
    two = landing_file(tmp_path / "two.csv", [record(i) for i in range(41, 51)])
    steps.ingest([one])
    steps.build_features([JANUARY], anyway=True)
    steps.merge([two])
    assert steps.build_features([JANUARY], anyway=False).done == [JANUARY]
    assert (steps.ingest_new([one, two]).done, steps.ingest_new([two]).done) == ([], [])
    steps.ingest([one])
    assert steps.ingest_new([one, two]).done == [JANUARY]
    assert steps.lake.rows_by_month(CUSTOMERS) == {JANUARY: 50}


def test_a_month_with_products_is_not_replaced_by_one_without_unasked(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = Steps(settings, session)
    steps.ingest([landing_file(tmp_path / "a.csv", [record(1)])])
    bare = landing_file(tmp_path / "b.csv", [record(1, columns=24)], columns=24)
    with pytest.raises(InputError, match=r"would lose the products there are now.*2015-01"):
        steps.ingest([bare])
    steps.ingest([bare], allow_shrink=True)
    steps.ingest([landing_file(tmp_path / "c.csv", [record(1, ind_cco_fin_ult1="1")])])
    assert steps.lake.read(CUSTOMERS).collect()[0]["holdings"] == 4


def test_steps_after_a_correction_refuse_what_was_made_before_it(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = Steps(settings, session)
    steps.ingest([landing_file(tmp_path / "a.csv", [record(1), record(1, "2015-02")])])
    steps.build_features([JANUARY, FEBRUARY], anyway=True)
    steps.ingest([landing_file(tmp_path / "b.csv", [record(1, ind_cco_fin_ult1="1")])])
    with pytest.raises(InputError, match="features of 2015-02 are out of date: run 'santander features --month 2015-02'"):
        steps.score(FEBRUARY, anyway=True)


@pytest.mark.parametrize("dies_at", [QUARANTINE.name, CUSTOMERS.name, INGESTIONS.name])
def test_an_ingest_that_dies_between_its_commits_is_completed_by_the_same_command(
    settings: Settings, session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    lines = [record(i) for i in range(1, 200)] + [record("x")]
    file = landing_file(tmp_path / "a.csv", lines)
    whole = Steps(Settings.load(data_dir=str(tmp_path / "whole")), session)
    whole.ingest([file])

    steps = Steps(settings, session)
    for name in ("replace_where", "replace_months", "replace_months_by_files", "append_rows"):
        write = getattr(Lake, name)

        def write_or_die(self: Lake, table: Table, *rest: Any, _write: Any = write, **named: Any) -> Any:
            if table.name == dies_at:
                raise KeyboardInterrupt
            return _write(self, table, *rest, **named)

        monkeypatch.setattr(Lake, name, write_or_die)
    with pytest.raises(KeyboardInterrupt):
        steps.ingest([file])
    monkeypatch.undo()
    assert steps.ingest_new([file]).done == [JANUARY]
    for table in (QUARANTINE, CUSTOMERS, INGESTIONS):
        assert content(steps.lake, table) == content(whole.lake, table)


def test_a_training_that_is_up_to_date_names_the_champion_there_is_now() -> None:
    left = TrainResult(version=3, champion=2, promoted=False, reason="version 3 waits")
    assert _with_champion(left, 2, None) == left
    since = "version 3 waits; since then version 3 has become champion"
    assert _with_champion(left, 3, None) == replace(left, champion=3, promoted=True, reason=since)
    why = "override: it is fresher (no better); the gate had refused it"
    assert _with_champion(left, 3, why).line().endswith(f"is the champion: by {why}")
    assert _with_champion(left, 4, why).reason.endswith(f"; since then version 4 has become champion by {why}")


@pytest.mark.embedded
def test_a_recipe_tried_since_is_no_reason_to_train_the_first_again(scored_bank: Bank, tmp_path: Path) -> None:
    steps = Steps(own_copy(scored_bank, tmp_path / "data"), scored_bank.lake.session)
    first = Recipe.load("next_products").with_rounds(20)
    assert steps.train(None, first.with_rounds(5), anyway=False, promote=False).done
    again = steps.train(None, first, anyway=False)
    assert (again.done, again.result.version, again.result.champion) == ([], 2, 2)
    sent = steps.submit(Month(2016, 6), anyway=False)
    assert (sent.done, sent.result.file) == ([], str(tmp_path / "data" / "submissions" / "2016-06.csv"))


@pytest.mark.embedded
def test_a_training_counts_in_the_registry_that_has_it_alone(
    scored_bank: Bank, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings, session = own_copy(scored_bank, tmp_path / "data"), scored_bank.lake.session
    other = settings.model_copy(
        update={"mlflow": settings.mlflow.model_copy(update={"tracking_uri": f"sqlite:///{tmp_path}/other.db"})}
    )
    popular = Recipe.load("popularity")
    assert Steps(settings, session).train(None, popular, anyway=False, promote=False).done
    with caplog.at_level("INFO", logger="santander"):
        elsewhere = Steps(other, session).train(None, popular, anyway=False)
    assert elsewhere.done
    assert "version 3, trained for 2016-06 before, is not in this registry: training anew" in caplog.text
    for where, version in ((settings, 3), (other, 1)):
        again = Steps(where, session).train(None, popular, anyway=False)
        assert (again.done, again.result.version) == ([], version)
