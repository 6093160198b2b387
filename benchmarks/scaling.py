"""How seconds and memory grow with rows: steps of the walk on banks of several sizes, on each engine, under one memory budget.

    python benchmarks/scaling.py --folder /big/disk/scaling                      # 1, 2 and 4 full banks on the embedded engine
    python benchmarks/scaling.py --folder /big/disk/scaling --sizes 0.25 1 --masters sail 'local[2]' --budget '2 GB'

A size is a share of the full bank of 956,645 customers. Each step is one process, start and imports included, one after
the other on a machine that should be idle. Prints the figures, and for each step how seconds per row and memory have grown
from the smallest bank; a step that was refused for the budget is shown with its line. Everything is written to scaling.json.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

FULL = 956_645
STEPS = ("ingest", "features", "validate", "train", "score", "submit")
OF_ONE_MONTH = {"score", "submit"}
CHECKOUT = Path(__file__).resolve().parents[1]

LONGER_PER_ROW = 1.15
"""By how much seconds per row may grow from the smallest bank to a larger one."""
MORE_MEMORY = 1.3
"""By how much memory may grow, under the same budget."""


@dataclass(frozen=True)
class Figure:
    """One step on one bank: seconds by the clock, processor seconds, and the largest sum of all its processes' memory."""

    size: float
    rows: int
    master: str
    step: str
    seconds: float
    processor_seconds: float
    peak_gb: float
    budget: str = ""
    refused: str = ""
    """The line with which the step ended instead."""


class Watch(threading.Thread):
    """Adds up what a process and all it started use, four times a second. Shared pages count once for each process."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self._used: dict[int, float] = {}
        self.peak = 0.0

    @property
    def processor_seconds(self) -> float:
        """Of all processes seen, as of the last look at each."""
        return sum(self._used.values())

    def run(self) -> None:
        """Look until the process is gone."""
        while self._root.is_running() and self._root.status() != psutil.STATUS_ZOMBIE:
            memory = 0
            try:
                for process in [self._root, *self._root.children(recursive=True)]:
                    memory += process.memory_info().rss
                    times = process.cpu_times()
                    self._used[process.pid] = times.user + times.system
            except psutil.Error:
                continue
            self.peak = max(self.peak, memory / 1e9)
            time.sleep(0.25)


def measured(size: float, rows: int, master: str, step: str, data: Path, raw: Path, budget: str) -> Figure:
    """Run one step as users do; a step that fails, or is refused, has the line it ended with."""
    files = [str(raw / "train_ver2.csv"), str(raw / "test_ver2.csv")] if step == "ingest" else []
    command = [str(CHECKOUT / "spark-submit.sh"), f"jobs/{step}.py", *files, "--data-dir", str(data), "--master", master]
    if step in OF_ONE_MONTH:
        command += ["--month", "2016-06"]
    environment = {**os.environ, "PYTHON": sys.executable} | ({"SANTANDER_MEMORY__BUDGET": budget} if budget else {})
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    watch = Watch(process.pid)
    watch.start()
    _, said = process.communicate()
    seconds = time.monotonic() - started
    refused = said.strip().splitlines()[-1] if process.returncode else ""
    used, peak = round(watch.processor_seconds, 1), round(watch.peak, 2)
    return Figure(size, rows, master, step, round(seconds, 1), used, peak, budget, refused)


def main() -> None:
    """Make each bank once, run the steps on each engine, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where banks are; a full one takes 2.4 GB")
    parser.add_argument(
        "--tables", type=Path, help="where tables are written, 1 GB a full bank, and removed after; default: there"
    )
    parser.add_argument("--sizes", type=float, nargs="+", default=[1.0, 2.0, 4.0])
    parser.add_argument("--masters", nargs="+", default=["sail"])
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument(
        "--budget", default="", help="the memory budget of every step, such as '3 GB'; default: that of the settings"
    )
    parser.add_argument("--keep", action="store_true", help="leave the tables there, for a run without ingest")
    asked = parser.parse_args()
    tables: Path = asked.tables or asked.folder
    figures: list[Figure] = []
    for size in sorted(asked.sizes):
        bank = asked.folder / f"bank-{size:g}"
        if not (bank / "raw" / "test_ver2.csv").is_file():
            customers = str(round(FULL * size))
            subprocess.run(
                [sys.executable, CHECKOUT / "jobs/generate.py", "--customers", customers, "--data-dir", bank],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        rows = sum(_lines(file) for file in (bank / "raw").glob("*_ver2.csv"))
        for master in asked.masters:
            data = tables / f"tables-{size:g}-{master.split('[')[0]}"
            if "ingest" in asked.steps:
                shutil.rmtree(data, ignore_errors=True)
            for step in asked.steps:
                figures.append(measured(size, rows, master, step, data, bank / "raw", asked.budget))
                print(figures[-1], file=sys.stderr)
                tables.mkdir(parents=True, exist_ok=True)
                (tables / "scaling.json").write_text(json.dumps([asdict(figure) for figure in figures], indent=1))
                if figures[-1].refused:
                    break  # what comes after has nothing to work on
            if not asked.keep:
                shutil.rmtree(data, ignore_errors=True)
    print(table(figures))
    print(growth(figures))


def table(figures: list[Figure]) -> str:
    """The figures as Markdown, a line for each step and size, the engines beside each other."""
    masters = list(dict.fromkeys(figure.master for figure in figures))
    lines = ["| step | rows | " + " | ".join(f"{m}: s | processor s | GB" for m in masters) + " |"]
    lines.append("|---|---|" + "---|" * 3 * len(masters))
    for step in dict.fromkeys(figure.step for figure in figures):
        for size in dict.fromkeys(figure.size for figure in figures):
            found = {f.master: f for f in figures if f.step == step and f.size == size}
            if found:
                cells = [_cells(found.get(master)) for master in masters]
                lines.append(f"| {step} | {next(iter(found.values())).rows:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def growth(figures: list[Figure]) -> str:
    """For each step and size how seconds per row and memory compare with those of the smallest bank, as Markdown."""
    lines = ["", "| step | engine | rows | seconds per row | memory | |", "|---|---|---|---|---|---|"]
    for figure in figures:
        small = next(f for f in figures if (f.step, f.master) == (figure.step, figure.master))
        if small.size == figure.size:
            continue
        grown = f"| {figure.step} | {figure.master} | {figure.rows / small.rows:.2f} x | "
        if figure.refused or small.refused:
            lines.append(grown + f"| | {figure.refused or small.refused} |")
            continue
        slower = figure.seconds / figure.rows / (small.seconds / small.rows)
        larger = figure.peak_gb / small.peak_gb
        short = [
            f"{what} above {limit:g} x"
            for what, ratio, limit in (("seconds per row", slower, LONGER_PER_ROW), ("memory", larger, MORE_MEMORY))
            if ratio > limit
        ]
        lines.append(grown + f"{slower:.2f} x | {larger:.2f} x | {', '.join(short) or 'held'} |")
    return "\n".join(lines)


def _cells(figure: Figure | None) -> str:
    if figure is None:
        return " | | "
    return "refused | | " if figure.refused else f"{figure.seconds:g} | {figure.processor_seconds:g} | {figure.peak_gb:g}"


def _lines(file: Path) -> int:
    with file.open("rb") as source:
        return sum(block.count(b"\n") for block in iter(lambda: source.read(1 << 24), b"")) - 1


if __name__ == "__main__":
    main()
