"""Logs of runs that name a person: they lose the numbers, and nothing else is lost."""

import json
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.forget.files import clean_logs
from santander.forget.search import search
from santander.logs.run_log import log_files
from santander.suppression.spellings import sorted_ids
from tests.forget.test_verb import run
from tests.landing_files import landing_file, record

NAME = "20160601T000000Z-r0123abcd-run.jsonl"
LINE = '{{"time": "2016-06-01T00:00:00.123Z", "level": "INFO", "verb": "run", "message": "{}"}}\n'


def log_of(settings: Settings, *messages: str) -> Path:
    file = settings.state / "logs" / NAME
    file.parent.mkdir(parents=True)
    file.write_text("".join(LINE.format(message) for message in messages))
    return file


def test_lines_that_name_a_person_lose_their_numbers_where_they_stand(settings: Settings) -> None:
    file = log_of(settings, "1,234 rows", "a/export 1375586.csv: ñ odd", "line 3: '1,375,586'", "seen: 1553689")
    before, ids = file.read_text(), sorted_ids([1375586])
    with file.open("a") as other_run:
        assert clean_logs(settings, ids, dry_run=True) == [str(file)]
        assert file.read_text() == before
        assert clean_logs(settings, ids, dry_run=False) == [str(file)]
        other_run.write("goes on\n")
    *lines, last = file.read_text().splitlines()
    messages = [json.loads(line)["message"] for line in lines]
    assert messages == ["1,234 rows", "a/export *******.csv: ñ odd", "line 3: '*,***,***'", "seen: 1553689"]
    assert last == "goes on"
    assert search(settings, ids).traces == []


def test_a_line_that_was_cut_off_is_cleaned_too(settings: Settings) -> None:
    file = log_of(settings, "fine")
    with file.open("ab") as out:
        out.write('{"time": "2016-06-01T00:00:00.123Z", "message": "ñ 1375586'.encode()[:-1] + b"6 \xc3")
    clean_logs(settings, sorted_ids([1375586]), dry_run=False)
    assert b"1375586" not in file.read_bytes()
    assert search(settings, sorted_ids([1375586])).traces == []


def test_the_verb_cleans_earlier_logs_and_names_nobody_in_its_own(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    earlier = log_of(settings, "customer 1375586 has two rows")
    raw = Path(settings.data_dir) / "raw"
    raw.mkdir(parents=True)
    landing_file(raw / "a.csv", [record(1375586), record(15889)])
    assert run(settings, "1375586", "--json") == 0, capsys.readouterr().out
    assert str(earlier) in json.loads(capsys.readouterr().out)["files"]
    assert len(files := log_files(settings.state)) == 2
    assert all("1375586" not in file.read_text() for file in files)


def test_a_refusal_of_the_verb_says_no_number_in_its_log(settings: Settings, tmp_path: Path) -> None:
    settings.state.mkdir(parents=True)
    asked = tmp_path / "ids.txt"
    asked.write_text("1375586 and\n")
    with pytest.raises(Exception, match="1375586 and"):
        run(settings, "--from-file", str(asked))
    (file,) = log_files(settings.state)
    assert "line 1 is not a customer id: '******* and'" in file.read_text()
