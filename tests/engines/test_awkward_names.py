"""A bank in a folder whose name holds all characters that may stand in one, on local Spark by way of spark-submit.sh."""

import subprocess
import sys
from pathlib import Path

import pytest

from santander.schema.months import Month
from santander.synthetic import BankSpec, generate
from tests.awkward_names import NASTY
from tests.engines.sampled import drawn_as
from tests.environment import without_settings
from tests.needs import need_java

pytestmark = [pytest.mark.engines, pytest.mark.timeout(1200), drawn_as("a folder of any name")]

CHECKOUT = Path(__file__).parents[2]


def test_a_bank_lives_in_a_folder_of_any_name(tmp_path: Path) -> None:
    need_java()
    data, landing = tmp_path / NASTY, tmp_path / "landing files [1]"
    generate(BankSpec(out=landing, customers=1_500, first=Month(2016, 1), seed=3, propensity=False, dirty_share=0.003))

    files = [landing / "train_ver2.csv", landing / "test_ver2.csv"]
    for verb in (["run", *files], ["submit"], ["materialize"], ["audit"]):
        _spark(*verb, "--data-dir", data)

    assert (data / "submissions" / "2016-06.csv").is_file()
    assert sorted(found.name for found in tmp_path.iterdir()) == sorted([NASTY, landing.name])


def _spark(verb: str, *words: object) -> None:
    environment = without_settings() | {"SANTANDER_MASTER": "local[2]"}
    done = subprocess.run(
        [str(CHECKOUT / "spark-submit.sh"), f"jobs/{verb}.py", *map(str, words)],
        env=environment | {"PYTHON": sys.executable}, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
