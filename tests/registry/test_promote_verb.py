"""``promote`` and ``models`` as users start them: exit codes, one line per error, JSON on the last line. No engine is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from santander.lake.lake import Lake
from santander.registry.promotion import register_candidate
from santander.registry.versions import champion_number
from santander.schema.months import Month
from tests.environment import without_settings
from tests.registry.conftest import Named
from tests.registry.two_holders import recipe, report_for

pytestmark = pytest.mark.long

SANTANDER = str(Path(sys.executable).with_name("santander"))
THERE = "'santander models' lists those there are"
STAYS = "no version was promoted, the alias champion stays where it is"


def call(data: object, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [SANTANDER, *words, "--json", "--data-dir", str(data)]
    environment = without_settings("MLFLOW_") | environment
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    (line,) = [line for line in done.stderr.splitlines() if " INFO " not in line]
    return line


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "'next-products' has no champion yet: run 'santander train' first"),
        (("--alias", "shadow"), 2, f"no version of 'next-products' has the alias 'shadow': {THERE}; {STAYS}"),
        (("--version", "3"), 2, f"'next-products' has no version 3: {THERE}; {STAYS}"),
        (("--rollback",), 1, "'next-products' has no champion yet"),
        (("--override",), 2, "--override needs a reason"),
        (("--version", "1", "--alias", "challenger"), 2, "a version or an alias, not both"),
        (("--month", "2016-13"), 2, "2016-13 is not a month"),
    ],
)
def test_what_cannot_be_promoted_is_one_line(tmp_path: Path, words: tuple[str, ...], code: int, message: str) -> None:
    done = call(tmp_path, "promote", *words)
    assert done.returncode == code, done.stderr
    assert message in error_of(done)


def test_a_registry_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "mlflow.db").write_bytes(b"no database at all" * 50)
    done = call(tmp_path, "promote")
    assert done.returncode == 1
    assert error_of(done).endswith(STAYS)


def test_before_anything_is_registered_there_is_nothing_to_list(tmp_path: Path) -> None:
    nobody = {"champion": None, "champion_problem": None}
    assert json.loads(call(tmp_path, "models").stdout) == {"model": "next-products", **nobody, "versions": [], "decisions": []}


@pytest.mark.sample(push=1, of="long verbs")
def test_a_rollback_and_what_models_shows_of_it(named: Named) -> None:
    settings = named("verbs")
    register_candidate(settings, Lake(settings), report_for(Month(2016, 5), recipe()))
    registered = {"SANTANDER_MLFLOW__REGISTERED_MODEL": "verbs", "SANTANDER_STATE_DIR": str(settings.state)}
    done = json.loads(call(settings.data, "promote", "--rollback", "--reason", "a trial", **registered).stdout)
    assert (done["promoted"], done["version"], done["champion"], done["champion_before"]) == (True, 1, 1, 2)
    assert champion_number(settings) == 1
    shown = json.loads(call(settings.data, "models", **registered).stdout)
    listed = [(version["version"], version["aliases"], version["promoted"]) for version in shown["versions"]]
    assert listed == [(2, ["challenger"], False), (1, ["champion"], True)]
    assert shown["versions"][0]["verdict"] == "rolled back to version 1: a trial"
    assert shown["versions"][0]["map7"] > shown["versions"][1]["map7"] > 0
    assert [(row["action"], row["champion_after"]) for row in shown["decisions"]] == [("rollback", 1), ("gate", 2), ("first", 1)]
