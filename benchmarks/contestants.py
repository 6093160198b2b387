"""Who is measured, and the command of each step: ours as users call it, and the peers, each in a process of its own.

Where all have to do with the same rows or the same booster, ours is called through ``ours.py``, by the functions that the command
line calls.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from peers.run import PEERS, STEPS

__all__ = ["MONTH", "OURS", "PEERS", "STEPS", "Work", "command", "drive", "environment", "leftovers", "santander"]

OURS = "ours"
MONTH = "2016-06"
"""The month that is scored: the last, without products."""
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Work:
    """The folders of one size."""

    raw: Path
    folder: Path
    months: Sequence[str] = ()
    """Months of the training set, once they are known."""

    def of(self, tool: str) -> Path:
        """The tables of one tool."""
        return self.folder / tool

    @property
    def model(self) -> Path:
        """The booster that everyone scores with."""
        return self.folder / "model"


def environment() -> Mapping[str, str]:
    """What every process gets: ours and the peers are found whatever folder is current."""
    paths = [str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def santander(*arguments: str) -> list[str]:
    """The command line, as the installed script starts it."""
    return [sys.executable, "-c", "from santander.cli.app import main; main()", *arguments]


def drive(step: str, work: Work, *more: str) -> list[str]:
    """One of our steps by ``ours.py``."""
    return [sys.executable, str(HERE / "ours.py"), step, "--data-dir", str(work.of(OURS)), "--month", MONTH, *more]


def command(tool: str, step: str, work: Work) -> list[str]:
    """The command of a step."""
    if tool != OURS:
        months = work.months if step == "training_set" else [MONTH]
        named = ["--months", *months] if step in {"month", "training_set", "scoring"} else []
        places = ["--work", str(work.of(tool)), "--raw", str(work.raw), "--model", str(work.model)]
        return [sys.executable, "-m", "peers.run", tool, step, *places, *named]
    data = ["--data-dir", str(work.of(OURS))]
    match step:
        case "ingest":
            return santander("ingest", *(str(work.raw / name) for name in ("train_ver2.csv", "test_ver2.csv")), *data)
        case "features":
            return santander("features", *data)
        case "month":
            return santander("features", "--month", MONTH, *data)
        case "training_set":
            return drive("training_set", work, "--repeats", "1", "--out", str(work.of(OURS) / "training_set.parquet"))
        case _:
            return drive("score", work, "--model", str(work.model))


def leftovers(tool: str, step: str, work: Work) -> list[Path]:
    """What an earlier run of the step left and this one makes anew. Ours replaces what it has; only an ingest begins afresh."""
    place = work.of(tool)
    if tool == OURS:
        return {"ingest": [place], "features": [place / "lake" / "features"]}.get(step, [])
    if step == "ingest":
        return [place / name for name in ("customers", "quarantine.parquet", "counts.parquet")]
    names = {"training_set": "training_set.parquet", "scoring": "recommendations.parquet"}
    return [place / names.get(step, step)]
