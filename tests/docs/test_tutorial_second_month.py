"""The commands of docs/tutorial-second-month.md, run in their order as somebody types them.

Of its fenced blocks ``sh run`` are commands, a line each; ``sh run exit=2`` is refused. Every line of a ``text shown``
block is said by the commands right before it; ``/home/ana`` stands for the folder they are typed in.

At night the whole page is run on the bank that it makes. On a push the sections that train once at most are, from a bank that
other tests share, whose numbers are others, with a recipe that is fitted in no time.
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
from tests.sample import is_whole

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial-second-month.md").read_text(encoding="utf-8")
ON_A_PUSH = ("June's products arrive, July comes", "A file that is refused")
NOT_ON_A_PUSH = "santander run bank/raw/train_2016-07.csv"
"""The last of that section, which trains again."""
_BLOCK = re.compile(r"^```(sh run|text shown)(?: exit=(\d))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.long, pytest.mark.embedded, pytest.mark.timeout(1500), pytest.mark.sample(push=1, of="whole runs")]


@dataclass(frozen=True)
class Block:
    """Commands with the exit code they have, or lines that are shown."""

    is_shown: bool
    exit_code: int
    lines: list[str]


def sections() -> dict[str, list[Block]]:
    found = {}
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        blocks = [Block(kind == "text shown", int(code or 0), text.splitlines()) for kind, code, text in _BLOCK.findall(section)]
        found[section.partition("\n")[0]] = blocks
    return found


def follow(section: list[Block], folder: Path, environment: dict[str, str], *, exactly: bool) -> None:
    said = ""
    for block in section:
        if block.is_shown:
            missing = [
                line for line in block.lines if _told(line, exactly) not in _told(said.replace(str(folder), "/home/ana"), exactly)
            ]
            assert not missing, said
            continue
        said = ""
        for command in block.lines:
            if not exactly and command.startswith(NOT_ON_A_PUSH):
                return
            done = subprocess.run(
                ["/bin/bash", "-c", command],
                cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False,
            )  # fmt: skip
            assert done.returncode == block.exit_code, f"{command}\n{done.stdout}\n{done.stderr}"
            said += done.stdout + done.stderr


def _told(text: str, exactly: bool) -> str:
    """The text on one line, wherever it was broken; digits are those of another bank unless it is to be exact."""
    joined = " ".join(text.split())
    return joined if exactly else re.sub(r"(?<![\d-])\d[\d,]*(?![\d-])", "N", joined)  # months stay


def test_the_page_leads_where_it_says(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    bin_folder = Path(sys.executable).parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_USER)}
    environment |= {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}
    page = sections()
    if is_whole():
        for section in page.values():
            follow(section, tmp_path, environment, exactly=True)
        return
    _marked_bank(tmp_path_factory, tmp_path / "bank")
    environment |= {"SANTANDER_TRAINING__RECIPE": "popularity"}
    for title in ON_A_PUSH:
        follow(page[title], tmp_path, environment, exactly=False)


def _marked_bank(factory: pytest.TempPathFactory, folder: Path) -> None:
    """The scored bank that tests share, as ``run`` would have left it: marked as synthetic."""
    settings = own_bank(factory, SCORED)
    shutil.copytree(settings.data_dir, folder)
    raw = folder / "raw"
    files = {sha256_of(raw / name): name for name in ("train_ver2.csv", "test_ver2.csv")}
    SyntheticMark(BankSpec(out=raw, customers=3_000, seed=5).identity, files).write(folder)
