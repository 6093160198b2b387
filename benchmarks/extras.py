"""What is measured of ours alone: the fit and scoring beside bare xgboost, the whole walk, a month's refresh, the start."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from contestants import MONTH, OURS, Work, drive, santander
from figures import Figure
from measuring import Run

Measure = Callable[[Sequence[str]], Run]


def measure_extras(work: Work, size: float, rows: int, repeats: int, wanted: Sequence[str], measure: Measure) -> list[Figure]:
    """The figures asked for."""
    figures: list[Figure] = []

    def figure(step: str, words: Sequence[str]) -> Figure:
        run = measure(words)
        figures.append(Figure(size, rows, step, OURS, [run]))
        return figures[-1]

    if "fit" in wanted and (work.of(OURS) / "lake" / "features").is_dir():
        _told(figure("fit", drive("fit", work, "--repeats", str(repeats))))
    if "walk" in wanted:
        data = work.folder / "walk"
        shutil.rmtree(data, ignore_errors=True)
        files = [str(work.raw / name) for name in ("train_ver2.csv", "test_ver2.csv")]
        figure("walk", santander("run", *files, "--month", MONTH, "--data-dir", str(data)))
        again = _delivered_again(work.raw / "test_ver2.csv", work.folder / "again.csv")
        figure("refresh", santander("run", str(again), "--month", MONTH, "--no-train", "--data-dir", str(data)))
    if "startup" in wanted:
        data = work.folder / "walk" if (work.folder / "walk").is_dir() else work.of(OURS)
        for step, words in {"help": ["--help"], "status": ["status", "--data-dir", str(data)]}.items():
            figure(step, santander(*words)).runs.extend(measure(santander(*words)) for _ in range(2))
    return figures


def _told(figure: Figure) -> None:
    lines = figure.runs[-1].output.strip().splitlines()
    if lines and not figure.failure:
        figure.inner = {name: float(value) for name, value in json.loads(lines[-1]).items()}


def _delivered_again(file: Path, copy: Path) -> Path:
    """The last month as a new delivery: without its last record, so that it is a file that was never seen."""
    lines = file.read_bytes().removesuffix(b"\n")
    copy.write_bytes(lines[: lines.rfind(b"\n") + 1])
    return copy
