"""Lines and tables on terminals of any width and encoding."""

import subprocess
import sys
from typing import Any

import pytest
from rich.table import Table

from santander.cli.screen import show

COMMAND = "nothing is scored: version 3 is gone: 'santander promote --version 2 --override --reason TEXT' takes another"


def shown(parts: list[Any], width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    show(parts)
    return capsys.readouterr().out.splitlines()


def test_a_command_in_a_text_is_about_the_folders_that_were_typed(capsys: pytest.CaptureFixture[str]) -> None:
    show(["run 'santander train'", "nothing to type"], options={"data_dir": "my bank", "state_dir": None, "master": None})
    assert capsys.readouterr().out.splitlines() == ["run 'santander train' (with --data-dir 'my bank')", "nothing to type"]


@pytest.fixture
def table() -> Table:
    table = Table("month", "rows with quarantined values", "out of date", "why", title="ingest")
    table.add_row("2015-01", "1,308", "-", "[b] of the file that came later, and of no other")
    table.add_row("2015-02", "0", "-", "")
    return table


@pytest.mark.parametrize("width", [30, 44, 60, 80, 200])
def test_every_word_of_a_table_is_there_at_any_width(
    table: Table, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown([table], width, capsys, monkeypatch)
    assert max(map(len, lines)) <= width
    assert {"2015-01", "2015-02", "1,308", "0", "quarantined", "later,"} <= set(" ".join(lines).split())


def test_a_table_of_many_columns_becomes_lines_where_it_is_too_wide(
    table: Table, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown([table], 30, capsys, monkeypatch)[:3] == ["ingest", "2015-01", "  rows with quarantined values"]


def test_a_line_with_a_command_or_a_path_is_not_broken_and_prose_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, prose = "/a folder/with blanks/and/a/long/name.csv", "  a line that is longer than thirty columns"
    lines = shown([COMMAND, path, prose], 30, capsys, monkeypatch)
    assert lines == [COMMAND, path, "  a line that is longer than", "  thirty columns"]


@pytest.mark.parametrize(
    ("encoding", "printed"),
    [
        ("ascii", b"A Coruna, Jose -> 3 +/- 1..."),
        ("latin-1", "A Coruña, José".encode("latin-1") + b" -> 3 \xb1 1..."),
        ("utf-8", "A Coruña, José → 3 ± 1…".encode()),
    ],
)
def test_letters_that_an_encoding_lacks_are_written_plainly(encoding: str, printed: bytes) -> None:
    assert printed_in(encoding, "A Coruña, José → 3 ± 1…") == printed


def test_a_byte_of_a_file_name_that_is_no_text_is_printed_as_it_is() -> None:
    assert printed_in("ascii", "a\udce9b 日") == b"a\xe9b ?"


def printed_in(encoding: str, text: str) -> bytes:
    program = f"from santander.cli.screen import show_in_any_encoding; show_in_any_encoding(); print({text!a})"
    words, environment = [sys.executable, "-c", program], {"PYTHONIOENCODING": encoding}
    return subprocess.run(words, capture_output=True, check=True, env=environment).stdout.strip()
