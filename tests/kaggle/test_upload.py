"""Sending a file and getting its score, against a server that speaks Kaggle's API; no engine, no network but this machine."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from kagglesdk import KaggleEnv, kaggle_env

from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.kaggle.board import COMPLETE, FAILED, PENDING
from santander.kaggle.credentials import Credentials, find_credentials
from santander.kaggle.record import alert_of, submissions
from santander.kaggle.upload import Uploaded, WrittenFile, upload
from santander.lake.lake import Lake
from santander.schema.catalogue import ALERTS, SUBMISSIONS
from santander.schema.months import Month
from tests.kaggle.server import COMPETITION, TOKEN, KaggleServer

CONTENT = b"ncodpers,added_products\n15889,ind_recibo_ult1 ind_nomina_ult1\n15890,\n"


@pytest.fixture
def written(tmp_path: Path) -> WrittenFile:
    file = tmp_path / "2016-06.csv"
    file.write_bytes(CONTENT)
    return WrittenFile(Month(2016, 6), file, 2, 3, "f" * 32)


@pytest.fixture
def dry_lake(settings: Settings) -> Lake:
    return Lake(settings)


def send(settings: Settings, lake: Lake, written: WrittenFile, wait: float = 30, message: str | None = None) -> Uploaded:
    return upload(settings, lake, find_credentials(), written, message, wait)


def test_the_bytes_arrive_as_they_are_and_the_score_is_recorded(
    settings: Settings, dry_lake: Lake, written: WrittenFile, server: KaggleServer
) -> None:
    server.pending_answers = 3
    sent = send(settings, dry_lake, written, message="a first try")
    assert list(server.uploads.values()) == [CONTENT]
    assert server.submissions[0]["description"].startswith("a first try [sha256:")
    assert sent.sent
    assert sent.alert is None
    (row,) = dry_lake.rows(SUBMISSIONS)
    recorded = replace(sent.row, submitted_at=row["submitted_at"])
    assert row == asdict(recorded)
    assert (row["status"], row["public_score"], row["private_score"]) == (COMPLETE, 0.0305, 0.0299)
    assert row["public_share_of_ceiling"] == pytest.approx(0.0305 / 0.035114)
    assert (row["competition"], row["reference"], row["month"]) == (COMPETITION, "41000000", "2016-06")
    assert (row["model_version"], row["run_id"], row["customers"], row["message"]) == (3, "f" * 32, 2, "a first try")
    assert submissions(dry_lake) == [recorded]


def test_a_score_that_does_not_come_in_time_is_asked_for_by_the_next_run_and_nothing_is_sent_twice(
    settings: Settings, dry_lake: Lake, written: WrittenFile, server: KaggleServer
) -> None:
    server.pending_answers = 1
    first = send(settings, dry_lake, written, wait=0)
    assert (first.sent, first.row.status, first.row.public_score) == (True, PENDING, None)
    assert [row["status"] for row in dry_lake.rows(SUBMISSIONS)] == [PENDING]
    second = send(settings, dry_lake, written)
    assert (second.sent, second.row.public_score, second.row.reference) == (False, 0.0305, first.row.reference)
    asked = len(server.asked)
    third = send(settings, dry_lake, written)
    assert (third.sent, third.row.public_score, len(server.asked)) == (False, 0.0305, asked)
    assert server.count("CreateSubmission") == server.count("PUT") == 1
    assert [row["status"] for row in dry_lake.rows(SUBMISSIONS)] == [COMPLETE]


def test_a_file_that_was_sent_by_a_run_that_died_before_it_recorded_that_is_not_sent_again(
    settings: Settings, dry_lake: Lake, written: WrittenFile, server: KaggleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("santander.kaggle.upload.save", die)
        with pytest.raises(KeyboardInterrupt):
            send(settings, dry_lake, written)
    assert len(server.submissions) == 1
    assert not dry_lake.exists(SUBMISSIONS)
    again = send(settings, dry_lake, written)
    assert (again.sent, again.row.reference, server.count("CreateSubmission")) == (False, "41000000", 1)


def test_another_content_is_another_submission(
    settings: Settings, dry_lake: Lake, written: WrittenFile, server: KaggleServer
) -> None:
    send(settings, dry_lake, written)
    Path(str(written.file)).write_bytes(CONTENT.replace(b"recibo", b"reca"))
    assert send(settings, dry_lake, written).sent
    assert [row["reference"] for row in dry_lake.rows(SUBMISSIONS)] == ["41000000", "41000001"]
    assert submissions(dry_lake)[-1].reference == "41000001"


def test_a_file_that_is_not_whole_is_not_sent(
    settings: Settings, dry_lake: Lake, written: WrittenFile, server: KaggleServer
) -> None:
    with pytest.raises(SantanderError, match="has 2 lists for 3 customers"):
        send(settings, dry_lake, replace(written, customers=3))
    assert server.asked == []


@pytest.mark.parametrize(
    ("method", "status", "kind", "said"),
    [
        ("ListSubmissions", 401, InputError, "Kaggle refuses these credentials .*KAGGLE_USERNAME"),
        (
            "StartSubmissionUpload",
            403,
            InputError,
            r"accept the rules at https://www.kaggle.com/competitions/santander-\S+/rules",
        ),
        ("StartSubmissionUpload", 404, InputError, "Kaggle knows no competition '.*see the setting kaggle.competition"),
        ("CreateSubmission", 400, SantanderError, "Kaggle refuses this, 400: you have used all of today's submissions"),
        ("CreateSubmission", 429, SantanderError, "asks to be asked less often .* try again in 7 s"),
        ("CreateSubmission", 500, SantanderError, "a fault of its own, 500 .*nothing is sent twice"),
        ("PUT", 400, SantanderError, "did not take the file: 400"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(
    settings: Settings,
    dry_lake: Lake,
    written: WrittenFile,
    server: KaggleServer,
    method: str,
    status: int,
    kind: type[SantanderError],
    said: str,
) -> None:
    server.failing[method] = [(status, "you have used all of today's submissions")]
    with pytest.raises(kind, match=said) as refused:
        send(settings, dry_lake, written)
    assert refused.value.exit_code == (2 if kind is InputError else 1)
    assert "\n" not in str(refused.value)
    assert not dry_lake.exists(SUBMISSIONS)
    assert send(settings, dry_lake, written).sent


def test_what_passes_is_waited_out_before_and_after_the_submission(
    settings: Settings, dry_lake: Lake, written: WrittenFile, server: KaggleServer
) -> None:
    server.failing["PUT"] = [(503, ""), (500, "")]
    sent = send(settings, dry_lake, written)
    assert (sent.row.status, server.count("PUT"), server.count("CreateSubmission")) == (COMPLETE, 3, 1)
    Path(str(written.file)).write_bytes(CONTENT.replace(b"recibo", b"reca"))
    server.pending_answers = 2  # the first is asked for what the board has already
    pending = send(settings, dry_lake, written, wait=0)
    server.failing["ListSubmissions"] = [(500, "oops"), (429, "slow down")]
    waits: list[float] = []
    again = upload(settings, dry_lake, find_credentials(), written, None, 60, waits.append)
    assert (pending.row.status, again.row.status) == (PENDING, COMPLETE)
    assert waits[1] == 7.0


def test_a_submission_that_the_board_cannot_score_is_recorded_and_may_be_sent_again(
    settings: Settings, dry_lake: Lake, written: WrittenFile, server: KaggleServer
) -> None:
    server.error_description = "ERROR: The value '' in the key column 'ncodpers' has already been defined"
    with pytest.raises(SantanderError, match="could not score submission 41000000: ERROR: The value"):
        send(settings, dry_lake, written)
    (row,) = dry_lake.rows(SUBMISSIONS)
    assert (row["status"], row["error"], row["public_score"]) == (FAILED, server.error_description, None)
    server.error_description = None
    server.submissions.clear()
    assert send(settings, dry_lake, written).row.status == COMPLETE


def test_a_server_that_talks_of_something_else_and_one_that_is_not_there(
    settings: Settings, dry_lake: Lake, written: WrittenFile, server: KaggleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "answer", lambda *_: {"submissions": [{"ref": 1, "status": "UNHEARD_OF"}]})
    with pytest.raises(SantanderError, match="Kaggle answered what its client does not understand"):
        send(settings, dry_lake, written)
    monkeypatch.setitem(kaggle_env._env_to_endpoint, KaggleEnv.TEST, "http://localhost:1")
    with pytest.raises(SantanderError, match=r"Kaggle cannot be reached \(ConnectionError\)"):
        send(settings, dry_lake, written)


def test_a_token_is_as_good_as_a_key(settings: Settings, dry_lake: Lake, written: WrittenFile, server: KaggleServer) -> None:
    assert upload(settings, dry_lake, Credentials(token=TOKEN), written).row.status == COMPLETE
    with pytest.raises(InputError, match="Kaggle refuses these credentials"):
        upload(settings, Lake(settings), Credentials("somebody", "else"), replace(written, file=_other(written)))


def _other(written: WrittenFile) -> Path:
    file = Path(str(written.file)).with_name("other.csv")
    file.write_bytes(CONTENT.replace(b"15890", b"15891"))
    return file


@pytest.mark.parametrize(("score", "alarming"), [("0.02765", False), ("0.02760", True)])
def test_an_alert_is_raised_once_when_the_share_falls_by_more_than_allowed(
    settings: Settings,
    dry_lake: Lake,
    written: WrittenFile,
    server: KaggleServer,
    monkeypatch: pytest.MonkeyPatch,
    score: str,
    alarming: bool,
) -> None:
    # a tenth below 0.874 is 0.7866: 0.02762 of 0.035114
    monkeypatch.setattr("santander.kaggle.upload.validation_share", lambda *_: 0.874)
    server.public_score = score
    first, second = send(settings, dry_lake, written), send(settings, dry_lake, written)
    assert (first.alert is not None, second.alert is not None) == (alarming, alarming)
    alerts = dry_lake.rows(ALERTS)
    assert len(alerts) == int(alarming)
    if alarming:
        assert alerts[0]["message"] == first.alert == second.alert
        assert "the public score 0.02760 is 0.786 of its ceiling, 10% below the 0.874 of the gate month" in alerts[0]["message"]


def test_nothing_is_alarming_where_a_share_is_not_known(
    settings: Settings, dry_lake: Lake, written: WrittenFile, server: KaggleServer
) -> None:
    row = send(settings, dry_lake, written).row
    assert alert_of(settings, replace(row, public_share_of_ceiling=None, validation_share_of_ceiling=0.9)) is None
    assert alert_of(settings, replace(row, public_share_of_ceiling=0.01, validation_share_of_ceiling=None)) is None
    assert alert_of(settings, replace(row, public_share_of_ceiling=0.01, validation_share_of_ceiling=0.9)) is not None
