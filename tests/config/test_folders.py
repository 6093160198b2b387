"""Folders that are not there, are files or cannot be written: one line, nothing made; verbs that look only look."""

import subprocess
import sys
from pathlib import Path

import pytest

from santander.config.folders import check_folders
from santander.config.settings import Settings
from santander.errors import InputError
from tests.cli.test_command_line import call, error_line
from tests.needs import lacking

SANTANDER = str(Path(sys.executable).with_name("santander"))
LOOKING = ("status", "models", "quarantine", "audit", "evaluate", "reproduce", "compare")
WRITING = ("validate", "features", "train", "tune", "ablate", "promote", "score", "submit", "materialize", "forget", "maintain")
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def everything_below(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path.relative_to(folder)), path.stat().st_mtime_ns) for path in folder.rglob("*"))


@pytest.fixture
def read_only(tmp_path: Path) -> tuple[list[str], Path]:
    """The words that a command begins with to see a data folder without anything in it as read-only, and that folder."""
    folder = tmp_path / "my bank"
    (folder / "raw").mkdir(parents=True)
    words = ["unshare", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, str(folder)]
    try:
        subprocess.run([*words, "true"], capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.CalledProcessError) as error:
        lacking(f"no folder can be mounted read-only here: {error}")
    return words, folder


@pytest.mark.parametrize("verb", LOOKING + WRITING)
def test_a_mistyped_data_folder_is_named_and_not_made(verb: str, tmp_path: Path) -> None:
    settings = Settings.load(data_dir=str(tmp_path / "bnak"))

    with pytest.raises(InputError, match=r"there is no data folder .*/bnak: check --data-dir; 'santander run' makes a new one"):
        check_folders(verb, settings, named=True)


@pytest.mark.parametrize("verb", ["run", "generate", "ingest"])
def test_a_verb_that_begins_a_bank_takes_a_folder_that_is_not_there(verb: str, tmp_path: Path) -> None:
    check_folders(verb, Settings.load(data_dir=str(tmp_path / "new" / "bank")), named=True)


def test_without_a_data_folder_nobody_is_forgotten(tmp_path: Path) -> None:
    done = call(SANTANDER, "forget", "15889", "--yes", cwd=tmp_path)

    assert done.returncode == 2
    assert "there is no data folder" in error_line(done)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["run", "ingest"])
def test_a_mistyped_landing_file_leaves_no_data_folder(verb: str, tmp_path: Path) -> None:
    done = call(SANTANDER, verb, "june.csv", "--data-dir", "bank", cwd=tmp_path)

    assert "there is no file" in error_line(done)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("verb", "next_step"),
    [
        ("status", "'santander ingest FILE' takes files in; 'santander run' without files makes a synthetic bank"),
        ("models", "run 'santander train'"),
    ],
)
def test_where_nobody_has_begun_the_default_folder_may_be_missing(verb: str, next_step: str, tmp_path: Path) -> None:
    done = call(SANTANDER, verb, cwd=tmp_path)

    assert done.returncode == 0
    assert next_step in " ".join(done.stdout.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data-dir", "bnak"], "there is no data folder {tmp_path}/bnak: check --data-dir"),
        (["--state-dir", "bnak"], "there is no state folder {tmp_path}/bnak: check --state-dir"),
        (["--data-dir", "README.md"], "--data-dir: {tmp_path}/README.md is a file, and a folder is meant"),
        (["--data-dir", "README.md/bank"], "--data-dir: {tmp_path}/README.md is a file, and a folder is meant"),
        (["--state-dir", "README.md"], "--state-dir: {tmp_path}/README.md is a file, and a folder is meant"),
    ],
)
def test_the_command_names_the_folder_with_code_2_and_makes_nothing(options: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()
    (tmp_path / "data").mkdir()
    before = everything_below(tmp_path)

    done = call(SANTANDER, "models", *options, cwd=tmp_path)

    assert done.returncode == 2
    assert said.format(tmp_path=tmp_path) in error_line(done)
    assert everything_below(tmp_path) == before


def test_verbs_that_look_work_on_a_read_only_folder(read_only: tuple[list[str], Path], tmp_path: Path) -> None:
    words, folder = read_only
    for verb in ("status", "models", "quarantine"):
        done = call(*words, SANTANDER, verb, "--data-dir", folder)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (["run"], "the data folder {folder} cannot be written by this user: name another one with --data-dir"),
        (["features"], "the data folder {folder} cannot be written by this user: name another one with --data-dir"),
        (["audit"], "the state folder {folder}/state cannot be written by this user: name one that can with --state-dir"),
    ],
)
def test_verbs_that_write_name_the_read_only_folder(verb: list[str], said: str, read_only: tuple[list[str], Path]) -> None:
    words, folder = read_only

    done = call(*words, SANTANDER, *verb, "--data-dir", folder)

    assert done.returncode == 2
    assert said.format(folder=folder) in error_line(done)
