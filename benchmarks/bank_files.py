"""The landing files that are measured: synthetic banks of several sizes, made once and kept."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

FULL = 956_645
"""Customers of the full bank."""
RAW = ("train_ver2.csv", "test_ver2.csv")


def bank(folder: Path, size: float, dirty_share: float = 0.0, *, first: str | None = None, seed: int | None = None) -> Path:
    """The folder of the landing files of a bank of ``size`` times the full one, made where it is not there yet.

    It begins in the month ``first``, else in that of the full bank. ``dirty_share`` of the rows are damaged; lines that are no
    record of the right number of fields are then left out: finding those is more than the peers are asked.
    """
    name = f"bank-{size:g}" + (f"-dirty-{dirty_share:g}" if dirty_share else "")
    name += (f"-from-{first}" if first else "") + ("" if seed is None else f"-seed-{seed}")
    raw = folder / name / "raw"
    if all((raw / file).is_file() for file in RAW):
        return raw
    making = folder / f"_{name}"
    shutil.rmtree(making, ignore_errors=True)
    options = ["--dirty", "--dirty-share", str(dirty_share)] if dirty_share else []
    options += ["--from", first] if first else []
    options += [] if seed is None else ["--seed", str(seed)]
    command = [
        sys.executable, "-c", "from santander.cli.app import main; main()", "generate", "--no-propensity",
        "--out", str(making / "raw"), "--customers", str(max(round(FULL * size), 50)), *options,
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"no bank of size {size:g}: {done.stderr.strip()[-300:]}")
    if dirty_share:
        for file in RAW:
            _keep_records(making / "raw" / file)
    raw.parent.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(raw.parent, ignore_errors=True)
    making.rename(raw.parent)
    return raw


def rows_of(raw: Path) -> int:
    """Records of both landing files."""
    return sum(_lines(raw / file) - 1 for file in RAW)


def _lines(file: Path) -> int:
    with file.open("rb") as source:
        return sum(block.count(b"\n") for block in iter(lambda: source.read(1 << 24), b""))


def _keep_records(file: Path) -> None:
    """Leave out the lines that are no record."""
    head, *lines = file.read_text(encoding="utf-8").split("\n")
    fields = head.count(",") + 1
    kept = [line for line in lines if _is_record(line, fields)]
    file.write_text("\n".join([head, *kept, ""]), encoding="utf-8", newline="")


def _is_record(line: str, fields: int) -> bool:
    return "\r" not in line and line.count('"') % 2 == 0 and len(next(csv.reader([line]), [])) == fields
