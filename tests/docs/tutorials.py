"""The commands of a tutorial, run in their order as somebody types them.

Of its fenced blocks ``sh run`` are commands, a line each; ``sh run exit=2`` is refused. A block with ``file=mine/x.sql`` is
written to that file. Every line of a ``text shown`` block is said by the commands right before it; ``/home/ana`` stands for
the folder they are typed in.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from santander.ingest.landing import sha256_of
from santander.ingest.synthetic_mark import SyntheticMark
from santander.synthetic import BankSpec
from tests.banks import OF_THE_USER, SCORED, own_bank

_BLOCK = re.compile(r"^```\w+ (run|shown|file=\S+)(?: exit=(\d))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """Commands with the exit code they have, lines that are shown, or a file."""

    kind: str
    exit_code: int
    text: str


def sections(page: str) -> dict[str, list[Block]]:
    """Return the blocks of each section of a page."""
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        blocks = [Block(kind, int(code or 0), lines) for kind, code, lines in _BLOCK.findall(section)]
        found[section.partition("\n")[0]] = blocks
    return found


def typed_environment() -> dict[str, str]:
    """Return the environment of somebody without settings, on a wide terminal."""
    bin_folder = Path(sys.executable).parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_USER)}
    return environment | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}


def follow(section: list[Block], folder: Path, environment: dict[str, str], *, exactly: bool, until: str | None = None) -> None:
    """Do what a section says, up to the command that begins with ``until``; an ``export`` stays in ``environment``."""
    said = ""
    for block in section:
        if block.kind == "shown":
            told = _told(said.replace(str(folder), "/home/ana"), exactly)
            missing = [line for line in block.text.splitlines() if _told(line, exactly) not in told]
            assert not missing, said
        elif block.kind.startswith("file="):
            file = folder / block.kind.removeprefix("file=")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        else:
            said = ""
            for command in block.text.splitlines():
                if until is not None and command.startswith(until):
                    return
                said += _done(command, block.exit_code, folder, environment)


def _done(command: str, exit_code: int, folder: Path, environment: dict[str, str]) -> str:
    """Return what a command says."""
    if command.startswith("export "):
        name, _, value = command.removeprefix("export ").partition("=")
        environment[name] = value.replace("$PWD", str(folder))
        return ""
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == exit_code, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def _told(text: str, exactly: bool) -> str:
    """The text on one line, wherever it was broken; digits are those of another bank unless it is to be exact."""
    joined = " ".join(text.split())
    return joined if exactly else re.sub(r"(?<![\d-])\d[\d,]*(?![\d-])", "N", joined)  # months stay


def marked_bank(factory: pytest.TempPathFactory, folder: Path) -> None:
    """The scored bank that tests share, as ``run`` would have left it: marked as synthetic."""
    settings = own_bank(factory, SCORED)
    shutil.copytree(settings.data_dir, folder)
    raw = folder / "raw"
    files = {sha256_of(raw / name): name for name in ("train_ver2.csv", "test_ver2.csv")}
    SyntheticMark(BankSpec(out=raw, customers=3_000, seed=5).identity, files).write(folder)
