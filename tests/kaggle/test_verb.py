"""``santander submit --upload`` as users start it, on a scored bank."""

import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from santander.cli.verbs.submit import submit
from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.ledger.step_ledger import StepLedger
from santander.ledger.steps import SCORE
from santander.pipeline.steps import Steps
from santander.registry.tracking import open_tracking
from santander.schema.catalogue import ALERTS, FEATURES_TABLE
from santander.schema.months import Month
from tests.cli.test_command_line import SANTANDER, call, error_line
from tests.conftest import Bank
from tests.kaggle.server import KaggleServer
from tests.own_bank import own_copy

pytestmark = pytest.mark.embedded
JUNE = Month(2016, 6)


@pytest.fixture(scope="module")
def copied(scored_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return own_copy(scored_bank, tmp_path_factory.mktemp("submitted") / "data")


def refusal(*words: str) -> str:
    app = Typer()
    app.command()(submit)
    error = CliRunner().invoke(app, list(words)).exception
    assert isinstance(error, InputError)
    return str(error)


@pytest.mark.sample(push=1, of="long verbs")
def test_the_verb_sends_the_written_file_and_records_the_score_with_the_model(copied: Settings, server: KaggleServer) -> None:
    server.public_score = "0.01000"
    done = call(SANTANDER, "submit", "--upload", "--message", "by hand", "--json", "--data-dir", copied.data_dir)
    assert done.returncode == 0, done.stderr
    written = Path(copied.data_dir) / "submissions" / "2016-06.csv"
    assert list(server.uploads.values()) == [written.read_bytes()]
    told = json.loads(done.stdout.splitlines()[-1])
    lake = Lake(copied)
    scored = StepLedger(lake).last(SCORE, JUNE)
    assert scored is not None
    version, run_id = scored.result.model_version, scored.result.run_id
    run = open_tracking(copied).get_run(run_id)
    share = 0.01 / 0.035114
    assert told["customers"] == written.read_bytes().count(b"\n") - 1
    assert (told["reference"], told["status"], told["sent"], told["model_version"]) == ("41000000", "complete", True, version)
    assert (told["public_score"], told["message"]) == (0.01, "by hand")
    assert told["public_share_of_ceiling"] == pytest.approx(share)
    assert told["validation_share_of_ceiling"] == pytest.approx(run.data.metrics["share_of_ceiling"])
    assert f"submission 41000000 of 2016-06, version {version}: the public score 0.01000" in told["alert"]
    assert [row["message"] for row in lake.rows(ALERTS)] == [told["alert"]]
    tags = open_tracking(copied).get_model_version(copied.mlflow.registered_model, str(version)).tags
    assert (tags["kaggle.public_score"], tags["kaggle.public_share_of_ceiling"]) == ("0.01", f"{share:.6g}")
    assert run.data.metrics["kaggle.public_score"] == 0.01
    assert run.data.metrics["kaggle.private_score"] == 0.0299
    assert run.data.metrics["kaggle.public_share_of_ceiling"] == pytest.approx(share)

    again = call(SANTANDER, "submit", "--upload", "--data-dir", copied.data_dir)
    assert again.returncode == 0, again.stderr
    assert "WARNING: submission 41000000 of 2016-06" in again.stdout
    assert server.count("CreateSubmission") == 1


def test_a_refusal_by_the_board_is_one_line_and_a_code(
    copied: Settings, server: KaggleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_KEY", "wrong")
    score = "SANTANDER_KAGGLE__COMPETITION"
    done = call(SANTANDER, "submit", "--upload", "--data-dir", copied.data_dir, **{score: "another-one"})
    assert done.returncode == 2
    assert error_line(done).startswith("error: Kaggle refuses these credentials (Unauthenticated)")


def test_what_cannot_be_sent_is_refused_before_anything_is_written(
    copied: Settings, account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ["--data-dir", copied.data_dir]
    assert "sends the file of one month, not of 2" in refusal("--upload", "--from", "2016-05", "--to", "2016-06", *where)
    assert (
        refusal("--message", "a", *where)
        == refusal("--wait", "3", *where)
        == "--message and --wait belong to --upload: give --upload too"
    )
    monkeypatch.delenv("KAGGLE_KEY")
    assert refusal("--upload", *where).startswith("no credentials for Kaggle: ")


def test_a_month_that_nobody_is_known_to_have_scored_is_refused(copied: Settings, scored_bank: Bank) -> None:
    steps = Steps(copied, scored_bank.lake.session)
    assert steps.scored_by(JUNE).run_id
    with pytest.raises(InputError, match="no model is known to have scored 2015-03"):
        steps.scored_by(Month(2015, 3))


def test_lists_that_rest_on_other_features_than_there_are_now_are_not_written_or_sent(
    copied: Settings, scored_bank: Bank
) -> None:
    steps = Steps(copied, scored_bank.lake.session)
    june = steps.lake.read_months(FEATURES_TABLE, [JUNE])
    steps.lake.replace_months(FEATURES_TABLE, june, {JUNE: steps.lake.rows_by_month(FEATURES_TABLE)[JUNE]})
    with pytest.raises(
        InputError, match="recommendations of 2016-06 are out of date: run 'santander score --month 2016-06' first"
    ):
        steps.submit(JUNE, anyway=True)
