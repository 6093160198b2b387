"""Options of ``features`` for families of a user's own: which go together, and what the two that build nothing say."""

import json
from pathlib import Path

import pytest

from santander.cli.own_features import check_together
from santander.errors import InputError
from tests.cli.test_command_line import SANTANDER, call, error_line
from tests.conftest import Bank
from tests.environment import CONF_LOCAL


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"--new": "a"}, "--new takes one of --sql and --pyspark: 'santander features --new a --sql'"),
        ({"--new": "a", "--sql": True, "--pyspark": True}, "--new takes one of --sql and --pyspark"),
        ({"--sql": True}, "--sql is for --new"),
        ({"--preview": "a", "--pyspark": True}, "--pyspark is for --new"),
        ({"--new": "a", "--sql": True, "--month": "2016-05"}, "--new takes no --month: leave it out"),
        ({"--preview": "a", "--from": "2016-05"}, "--preview takes no --from: name one --month"),
        ({"--new": "a", "--sql": True, "--preview": "a"}, "--new and --preview exclude each other: give one of them"),
        ({"--family": "a", "--preview": "a"}, "--family and --preview exclude each other: give one of them"),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_a_line(given: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as refused:
        check_together(given)
    assert str(refused.value).startswith(said)


def test_what_goes_together_is_let_through() -> None:
    for given in ({}, {"--month": "2016-05"}, {"--new": "a", "--sql": True}, {"--preview": "a", "--month": "2016-05"}):
        check_together(given)


def test_a_new_file_is_looked_at_as_the_next_line_says(bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    options = ("--data-dir", bank.settings.data_dir, "--state-dir", tmp_path / "state", "--master", "sail")
    made = call(SANTANDER, "features", "--new", "activity", "--sql", *options)
    assert made.stdout.startswith(f"{tmp_path}/features/activity.sql: works as it stands")
    assert "'santander features --preview activity'" in made.stdout
    again = call(SANTANDER, "features", "--new", "activity", "--pyspark", *options)
    assert (again.returncode, error_line(again).partition(": choose")[0].endswith("activity.sql")) == (2, True)
    seen = call(SANTANDER, "--json", "features", "--preview", "activity", *options)
    found = json.loads(seen.stdout.splitlines()[-1])
    assert (found["family"], found["month"], len(found["features"])) == ("activity", "2016-05", 2)
    assert Path(found["plot"]).read_bytes().startswith(b"\x89PNG")
