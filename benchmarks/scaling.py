"""How seconds and memory grow with rows: steps of one month's work on banks of several sizes, on each engine.

    python benchmarks/scaling.py --folder /big/disk/scaling --sizes 0.25 0.5 1 --masters sail 'local[2]'

A size is a share of the full bank of 956,645 customers. Each step is one process, start and imports included, one after
the other on a machine that should be idle. Prints a table and writes every figure to scaling.json in the folder.
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
STEPS = ("ingest", "features", "train", "score")
CHECKOUT = Path(__file__).resolve().parents[1]


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


def measured(size: float, rows: int, master: str, step: str, data: Path, raw: Path) -> Figure:
    """Run one step as users do, and stop when it fails."""
    files = [str(raw / "train_ver2.csv"), str(raw / "test_ver2.csv")] if step == "ingest" else []
    command = [str(CHECKOUT / "spark-submit.sh"), f"jobs/{step}.py", *files, "--data-dir", str(data), "--master", master]
    if step == "score":
        command += ["--month", "2016-06"]
    started = time.monotonic()
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHON": sys.executable}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    watch = Watch(process.pid)
    watch.start()
    _, said = process.communicate()
    seconds = time.monotonic() - started
    if process.returncode:
        sys.exit(f"{step} on {master} at {size}: {said.strip().splitlines()[-1]}")
    return Figure(size, rows, master, step, round(seconds, 1), round(watch.processor_seconds, 1), round(watch.peak, 2))


def main() -> None:
    """Make each bank once, run the steps on each engine, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where banks and tables are written; a full bank takes 6 GB")
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    parser.add_argument("--masters", nargs="+", default=["sail", "local[2]"])
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    asked = parser.parse_args()
    figures: list[Figure] = []
    for size in asked.sizes:
        bank = asked.folder / f"bank-{size:g}"
        if not (bank / "raw" / "test_ver2.csv").is_file():
            customers = str(round(FULL * size))
            subprocess.run(
                [sys.executable, CHECKOUT / "jobs/generate.py", "--customers", customers, "--data-dir", bank],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        rows = sum(_lines(file) for file in (bank / "raw").glob("*_ver2.csv"))
        for master in asked.masters:
            data = asked.folder / "tables"
            shutil.rmtree(data, ignore_errors=True)
            for step in asked.steps:
                figures.append(measured(size, rows, master, step, data, bank / "raw"))
                print(figures[-1], file=sys.stderr)
                (asked.folder / "scaling.json").write_text(json.dumps([asdict(figure) for figure in figures], indent=1))
            shutil.rmtree(data, ignore_errors=True)
    print(table(figures))


def table(figures: list[Figure]) -> str:
    """The figures as Markdown, a line for each step and size, the engines beside each other."""
    masters = list(dict.fromkeys(figure.master for figure in figures))
    lines = ["| step | rows | " + " | ".join(f"{m}: s | processor s | GB" for m in masters) + " |"]
    lines.append("|---|---|" + "---|" * 3 * len(masters))
    for step in dict.fromkeys(figure.step for figure in figures):
        for size in dict.fromkeys(figure.size for figure in figures):
            found = {f.master: f for f in figures if f.step == step and f.size == size}
            cells = [f"{f.seconds:g} | {f.processor_seconds:g} | {f.peak_gb:g}" for f in (found[m] for m in masters)]
            lines.append(f"| {step} | {found[masters[0]].rows:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _lines(file: Path) -> int:
    with file.open("rb") as source:
        return sum(block.count(b"\n") for block in iter(lambda: source.read(1 << 24), b"")) - 1


if __name__ == "__main__":
    main()
