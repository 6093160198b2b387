"""The verb: whom it is asked to forget, what it says, and how it ends."""

import json
from pathlib import Path

import pytest
import typer

from santander.cli.verbs.forget import forget as verb
from santander.config.settings import Settings
from santander.errors import InputError
from santander.forget.asked import asked_ids
from tests.landing_files import landing_file, record


def run(settings: Settings, *options: str) -> int:
    app = typer.Typer()
    app.command()(verb)
    try:
        return int(app([*options, "--data-dir", settings.data_dir], standalone_mode=False) or 0)
    except typer.Exit as left:
        return left.exit_code


def test_ids_come_from_the_command_line_and_a_file(tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_text("15889\n\n 1375586 \n")
    assert asked_ids([7, 15889], file) == [7, 15889, 1375586]


@pytest.mark.parametrize("line", ["abc", "0", "-5", "1.0", "9" * 19, "1 2"])
def test_a_line_that_is_no_id_is_refused_by_number(line: str, tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_text(f"15889\n{line}\n")
    with pytest.raises(InputError, match=f"line 2 is not a customer id: '{line}'; write digits alone, .* such as 1375586"):
        asked_ids([], file)


def test_nobody_is_no_request(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name at least one customer"):
        asked_ids([], None)


@pytest.mark.parametrize("text", ["abc", "", "1,375,586", "0", "1.0", "9" * 19, "-5", "١٣٧"])
def test_what_is_no_id_is_shown_with_an_example(settings: Settings, text: str) -> None:
    with pytest.raises(InputError, match=f"^'{text}' is no customer id: write digits alone, .* such as 1375586$"):
        run(settings, "7", "--", text)


def test_a_file_of_ids_may_begin_with_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_text("15889\r\n1375586\r\n", encoding="utf-8-sig")
    assert asked_ids([], file) == [15889, 1375586]


def test_a_file_of_ids_that_cannot_be_read_is_told_plainly(tmp_path: Path) -> None:
    wide = tmp_path / "wide.txt"
    wide.write_text("15889", encoding="utf-16")
    missing = tmp_path / "none.txt"
    for file, why in ((missing, f"there is no file {missing}"), (tmp_path, "is a folder"), (wide, "no text in UTF-8")):
        with pytest.raises(InputError, match=f"{why}: --from-file takes a text file with an id on each line") as refused:
            asked_ids([], file)
        assert "Errno" not in str(refused.value)


def test_files_never_ingested_are_cleaned_and_nothing_says_an_id(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    raw = Path(settings.data_dir) / "raw"
    raw.mkdir(parents=True)
    file = landing_file(raw / "a.csv", [record(1375586), record(15889)])
    assert run(settings, "1375586", "--json") == 0
    captured = capsys.readouterr()
    said = json.loads(captured.out)
    assert (said["customers"], said["unknown"], said["files"], said["left"]) == (1, 1, [str(file)], [])
    assert "1375586" not in captured.out + captured.err
    assert "1375586" not in file.read_text()


def test_whom_nobody_has_is_told_in_one_line(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    Path(settings.data_dir).mkdir()
    assert run(settings, "1375586", "7654321") == 0
    said = "2 customers were found nowhere; nothing was removed, and the ids are kept out of later files\n"
    assert capsys.readouterr().out == said


def test_what_is_left_is_named_and_ends_with_1(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    notes = Path(settings.data_dir) / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("call 1375586 back")
    assert run(settings, "1375586") == 1
    assert "still there: " in (said := capsys.readouterr().out)
    assert "notes.txt" in said.replace("\n", "")
