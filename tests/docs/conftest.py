"""The data folder that pages of the docs are run on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.banks import OF_THE_USER, made_once
from tests.conftest import Bank
from tests.environment import without_settings
from tests.sample import is_whole

SANTANDER = Path(sys.executable).with_name("santander")


def run_into(folder: Path) -> None:
    command = [SANTANDER, "run", "--data-dir", folder / "data"]
    subprocess.run(command, env=without_settings(*OF_THE_USER), capture_output=True, timeout=900, check=True)


@pytest.fixture(scope="session")
def shows_answers(pytestconfig: pytest.Config) -> bool:
    """Whether the answers are those that the pages show: at night, on the bank that ``make run`` makes."""
    return is_whole() and pytestconfig.getoption("--engine") == "sail"


@pytest.fixture(scope="session")
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shows_answers: bool) -> Path:
    """That bank, or on a push the small one that other tests share; its folder is named ``data``."""
    if shows_answers:
        return made_once(tmp_path_factory, "as-make-run-leaves-it", run_into) / "data"
    bank: Bank = request.getfixturevalue("scored_bank")
    return bank.settings.data
