"""Commands that error lines name come with the folders they are about."""

import shlex
from pathlib import Path

import pytest

from santander.cli.refusal import with_options
from tests.cli.test_command_line import SANTANDER, call, error_line

LINE = "no features yet: run 'santander features --month 2016-06' first"


def test_a_line_with_a_command_ends_with_the_options_that_were_typed() -> None:
    typed = {"data_dir": "/bank", "state_dir": None, "master": "local[2]"}
    assert with_options(LINE, typed) == f"{LINE} (with --data-dir /bank --master 'local[2]')"


@pytest.mark.parametrize("line", ["the month is unknown", "run 'santander run --data-dir /other june.csv'"])
def test_a_line_without_a_command_or_with_a_folder_of_its_own_stays(line: str) -> None:
    assert with_options(line, {"data_dir": "/bank"}) == line


def test_nothing_is_added_where_nothing_was_typed() -> None:
    assert with_options(LINE, {"data_dir": None}) == LINE


@pytest.mark.parametrize("folder", ["my bank", "José [2]", "a $b", "it's", 'say "no"'])
def test_a_folder_of_any_name_is_one_word_to_the_shell(folder: str) -> None:
    told = with_options(LINE, {"data_dir": folder}).removeprefix(f"{LINE} (with ").removesuffix(")")
    assert shlex.split(told) == ["--data-dir", folder]


def test_the_command_line_prints_it(tmp_path: Path) -> None:
    (tmp_path / "my bank").mkdir()
    done = call(SANTANDER, "score", "--data-dir", tmp_path / "my bank")
    assert error_line(done).endswith(f" (with --data-dir '{tmp_path}/my bank')")
