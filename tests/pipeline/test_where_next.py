"""The closing lines of a run, typed in a shell as they stand."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from santander.pipeline.where_next import where_next

MAKEFILE = """\
mlflow notebook:
\t@printf '%s\\n' $@ "$$STATE" "$$SANTANDER_DATA_DIR" "$$SANTANDER_STATE_DIR"
"""


def commands(text: str) -> dict[str, str]:
    return {line[:16].rstrip(): line[16:] for line in text.splitlines()}


def typed(command: str, folder: Path) -> list[str]:
    shell = shutil.which("bash") or "/bin/sh"
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("SANTANDER_", "STATE", "MAKE"))}
    done = subprocess.run([shell, "-c", command], cwd=folder, env=bare, capture_output=True, text=True, check=True, timeout=60)
    return [line for line in done.stdout.splitlines() if not line.startswith("make: ")]


@pytest.mark.parametrize("name", ["my bank", "José [2]", "a $b", "it's"])
@pytest.mark.parametrize("inside", [True, False])
def test_the_lines_are_commands_wherever_they_are_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, inside: bool
) -> None:
    checkout, data, elsewhere = tmp_path / "the code", tmp_path / name, tmp_path / "elsewhere"
    for folder in (checkout, elsewhere):
        folder.mkdir()
    (checkout / "Makefile").write_text(MAKEFILE)
    monkeypatch.chdir(checkout if inside else elsewhere)
    lines = commands(where_next(data, data / "state", None, checkout / "Makefile"))
    assert typed(lines["models"], Path.cwd()) == ["mlflow", str(data / "state"), "", ""]
    assert typed(lines["notebooks"], Path.cwd()) == ["notebook", "", str(data), ""]
    assert ("make -C" in lines["models"]) is not inside
    apart = commands(where_next(data, tmp_path / "s t", "june.csv", checkout / "Makefile"))
    assert typed(apart["notebooks"], Path.cwd()) == ["notebook", "", str(data), str(tmp_path / "s t")]
    assert apart["what is there"].endswith(f"--state-dir '{tmp_path / 's t'}'")
    assert apart["submission"] == "june.csv"


def test_a_wheel_has_no_makefile_and_no_notebooks(tmp_path: Path) -> None:
    lines = commands(where_next(tmp_path, tmp_path / "state", None, tmp_path / "site-packages" / "Makefile"))
    assert "notebooks" not in lines
    assert lines["models"].startswith(f"STATE={tmp_path / 'state'} ")
    assert lines["models"].endswith("/bin/python -m santander.registry.review_page 5000")
    assert not any("make" in line.split() for line in lines.values())
