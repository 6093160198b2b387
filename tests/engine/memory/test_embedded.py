"""The embedded engine within its pool: what spills gets done, what cannot is one line, and no rows are left on the disk."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_command_line import call, error_line

USER = Path(__file__).with_name("pool_user.py")


def use(what: str, data: Path) -> subprocess.CompletedProcess[str]:
    return call(sys.executable, USER, what, "--json", "--data-dir", data, SANTANDER_MEMORY__BUDGET="400 MB")


def test_groups_that_the_pool_does_not_hold_are_spilled_and_what_the_dead_left_is_removed(tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    left = tmp_path / "state" / "spill" / f"process-{dead.stdout.strip()}-abc" / "datafusion-x"
    left.mkdir(parents=True)
    (left / "rows").write_text("of a customer")
    done = use("group", tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["counted"] == 0
    assert len(said["folders"]) == 1
    assert said["left"] == []


def test_a_join_that_the_pool_does_not_hold_is_one_line_with_its_remedies(tmp_path: Path) -> None:
    done = use("join", tmp_path)
    assert done.returncode == 1
    line = error_line(done)
    assert line.startswith("error: the memory budget of 400 MB leaves the engine 256 MB, which is too little for HashJoinInput; ")
    assert line.endswith(
        "raise SANTANDER_MEMORY__BUDGET, or run with --master 'local[*]' or that of a cluster: Apache Spark spills to disk"
    )
    assert [path.name for path in (tmp_path / "state" / "spill").iterdir()] == []


def test_where_it_spills_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from santander.config.settings import Settings
    from santander.engine.memory.embedded import within_budget

    monkeypatch.setattr(os, "environ", dict(os.environ))
    chosen = Settings.load(data_dir=str(tmp_path), memory={"budget": "2 GB", "spill_dir": str(tmp_path / "fast disk")})
    with within_budget(chosen):
        (folder,) = json.loads(os.environ["SAIL_RUNTIME__TEMPORARY_FILES__PATHS"])
        assert Path(folder).parent.resolve() == tmp_path / "fast disk"
        assert os.environ["SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE"] == "1500000000"
    assert not Path(folder).exists()
