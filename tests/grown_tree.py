"""A copy of the code, changed as a person would change it, and scripts that import it and work on a data folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
_PARTS = ("santander", "feature_repo", "conf", "pyproject.toml")


@dataclass(frozen=True)
class GrownTree:
    """The copy; ``environment`` is that of its scripts."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def copied_to(cls, folder: Path, data_dir: Path) -> "GrownTree":
        """Copy the checkout; its scripts work on ``data_dir``."""
        folder.mkdir()
        for part in _PARTS:
            source, target = CHECKOUT / part, folder / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "local"))
            else:
                shutil.copyfile(source, target)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SANTANDER_")}
        return cls(folder, kept | {"PYTHONPATH": str(folder), "SANTANDER_DATA_DIR": str(data_dir)})

    def change(self, file: str, changes: Sequence[tuple[str, str]]) -> None:
        """Replace texts of a file, each of which it has once."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        for was, now in changes:
            assert text.count(was) == 1, f"{file} has {was!r} {text.count(was)} times"
            text = text.replace(was, now)
        path.write_text(text, encoding="utf-8")

    def run(self, script: Path) -> Any:
        """What a script prints last, as JSON, in a process of its own that imports the copy."""
        done = subprocess.run(
            [sys.executable, str(script)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().rpartition("\n")[2])
