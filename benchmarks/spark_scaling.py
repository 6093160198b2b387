"""How steps on Apache Spark grow with rows, and what a second core brings: time, memory by process, and stages from Spark's log.

    python benchmarks/spark_scaling.py --folder /big/disk/scaling            # sizes 1, 2, 4 and 8: hours
    python benchmarks/spark_scaling.py --folder /big/disk/scaling --sizes 1 --masters sail 'local[2]' --steps ingest features
    python benchmarks/spark_scaling.py --folder /big/disk/scaling --minutes 50      # goes on where it stopped

A size is a share of the full bank of 956,645 customers, in seven months. Size 1 is measured on all masters, a larger one on sail
and local[2], unless --masters says otherwise; above size 4 on local[2] alone, without scoring. A step runs after those that it
reads from; what was measured before is not measured again. Figures and a page are written after each step.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bank_files import RAW, bank
from contestants import environment, santander
from event_log import read
from measuring import Run, measured
from report import CHECKOUT, surroundings
from scaling_figures import CLUSTER, MASTERS, SAIL, STEPS, TWO_CORES, Figure, Measured
from scaling_report import page

FIRST = "2015-12"
"""Of seven months: the default recipe then fits on four, judges on one and scores one."""
READS = {
    "ingest": (), "features": ("ingest",), "train": ("ingest", "features"), "evaluate": ("ingest", "features", "train"),
    "score": ("ingest", "features", "train"),
}  # fmt: skip
OF_ONE_MONTH = {"evaluate": -2, "score": -1}
LARGEST_WHOLE = 4
"""Above this size only what features and judging need is measured."""


def main() -> None:
    """Measure what is missing, size by size."""
    asked = _options().parse_args()
    sitting = Sitting(asked)
    with sitting.ending:
        for size in asked.sizes:
            for master in asked.masters or _masters(size):
                steps = asked.steps if asked.steps is not None else _steps(size)
                sitting.measure(size, master, steps)
    print(page(sitting.measured, sitting.around))
    for line in sitting.skipped:
        print(f"not measured: {line}", file=sys.stderr)
    sys.exit(1 if sitting.failed else 0)


def _masters(size: float) -> Sequence[str]:
    if size > LARGEST_WHOLE:
        return [TWO_CORES]
    return MASTERS if size <= 1 else [SAIL, TWO_CORES]


def _steps(size: float) -> Sequence[str]:
    return STEPS if size <= LARGEST_WHOLE else STEPS[:-1]


def due(asked: Sequence[str], known: Callable[[str], bool], kept: Callable[[str], bool]) -> list[str]:
    """The steps to run, in order: those not ``known`` yet, and those they read from whose tables are not ``kept``."""
    missing = {step for step in asked if not known(step)}
    afresh = "ingest" in missing or any("ingest" in READS[step] and not kept("ingest") for step in missing)
    needed = {before for step in missing for before in READS[step] if afresh or not kept(before)}
    return [step for step in STEPS if step in missing | needed]


class Sitting:
    """One call: what it was asked, what is known so far, what it left out."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.around = surroundings()
        self.file: Path = asked.results / f"{asked.name}.json"
        self.measured = Measured.load(self.file)
        self.ending = ExitStack()
        self.skipped: list[str] = []
        self.failed = False
        self._begun = time.monotonic()
        self._cluster: Any = None

    def measure(self, size: float, master: str, asked: Sequence[str]) -> None:
        """Run the steps of one size on one master that are due, until one fails or the time is over."""
        folder = self.asked.folder / f"tables-{size:g}-{master}"
        steps = due(
            asked,
            lambda step: not self.asked.again and self.measured.good(size, master, step) is not None,
            lambda step: (folder / f"{step}.done").is_file(),
        )
        for step in asked:
            if step not in steps:
                _say(f"size {size:g} {master} {step}: measured at {self.measured[size, master, step].commit}")
        for number, step in enumerate(steps):
            if self.asked.minutes and time.monotonic() - self._begun > 60 * self.asked.minutes:
                self.skipped.append(f"size {size:g} {master} {', '.join(steps[number:])}: the minutes are over")
                return
            figure = self._run(size, master, step, folder)
            self._keep(figure)
            if figure.failure:
                self.failed = True
                _say(f"size {size:g} {master} {step}: {figure.failure}")
                if later := steps[number + 1 :]:
                    self.skipped.append(f"size {size:g} {master} {', '.join(later)}: {step} failed")
                return
            (folder / f"{step}.done").touch()
            _say(f"size {size:g} {master} {step}: {figure.seconds:.1f} s, {figure.processor_seconds:.1f} processor s")
        if self.asked.drop:
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, size: float, master: str, step: str, folder: Path) -> Figure:
        files: list[str] = []
        if step == "ingest":
            shutil.rmtree(folder, ignore_errors=True)
            raw = bank(self.asked.folder, size, first=FIRST, seed=self.asked.seed)
            files = [str(raw / name) for name in RAW]
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "events" / step
        shutil.rmtree(log, ignore_errors=True)
        log.mkdir(parents=True)
        daemons: list[int] = []
        address = master
        if master == CLUSTER:
            address, daemons = self._started_cluster()
        data = folder / "data"
        run = measured(
            santander(step, *files, "--data-dir", str(data), "--master", address),
            environment={**environment(), "SPARK_LOCAL_IP": "127.0.0.1", "JDK_JAVA_OPTIONS": _logging(log)},
            timeout=self.asked.timeout, memory_limit_gb=self.asked.memory_limit, daemons=daemons,
        )  # fmt: skip
        return _figure(size, master, step, run, data, log, self.around["commit"])

    def _started_cluster(self) -> tuple[str, list[int]]:
        """The address of a standalone master with two workers of one core, and its processes; it ends with the sitting."""
        if self._cluster is None:
            sys.path.append(str(CHECKOUT))
            from tests.standalone_cluster import standalone_cluster

            folder = self.asked.folder / "cluster"
            shutil.rmtree(folder, ignore_errors=True)
            self._cluster = self.ending.enter_context(standalone_cluster(folder, workers=2))
        return self._cluster.url, [daemon.process.pid for daemon in self._cluster.daemons]

    def _keep(self, figure: Figure) -> None:
        """Write the figure beside those of the file, which another sitting may have added to."""
        self.measured = Measured(Measured.load(self.file) | {figure.key: figure})
        self.measured.save(self.file, self.around)
        self.file.with_suffix(".md").write_text(page(self.measured, self.around), encoding="utf-8")


def _logging(folder: Path) -> str:
    """Options for Java by which Spark writes its log, in one plain file."""
    wanted = {"enabled": "true", "dir": folder.resolve().as_uri(), "rolling.enabled": "false", "compress": "false"}
    options = [f"-Dspark.eventLog.{name}={value}" for name, value in wanted.items()]
    return " ".join([os.environ.get("JDK_JAVA_OPTIONS", ""), *options])


def _figure(size: float, master: str, step: str, run: Run, data: Path, log: Path, commit: str) -> Figure:
    held: dict[str, list[float]] = {}
    used: dict[str, float] = {}
    for each in sorted(run.processes, key=lambda process: -process.peak_gb):
        held.setdefault(each.kind, []).append(round(each.peak_gb, 3))
        used[each.kind] = round(used.get(each.kind, 0.0) + each.processor_seconds, 2)
    failure = run.failure and run.failure.split(" (at ")[0]  # folders of this machine follow
    return Figure(
        size, master, step, commit, _rows(data, step), run.seconds, run.processor_seconds, run.peak_gb, run.others, held, used,
        [] if failure else read(log), failure,
    )  # fmt: skip


def _rows(data: Path, step: str) -> int:
    """Rows of all months, or of the month that a step is about, by the commits of ``customers``; 0 where there are none."""
    import pyarrow as pa
    from deltalake import DeltaTable

    place = str(data / "lake" / "customers")
    if not DeltaTable.is_deltatable(place):
        return 0
    months: dict[str, int] = {}
    for file in pa.table(DeltaTable(place).get_add_actions(flatten=True)).to_pylist():
        date = str(file["partition.snapshot_date"])
        months[date] = months.get(date, 0) + file["num_records"]
    chosen = sorted(months)
    return sum(months[date] for date in ([chosen[OF_ONE_MONTH[step]]] if step in OF_ONE_MONTH else chosen))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="banks, tables, which are kept, and Spark's logs")
    add("--sizes", type=float, nargs="+", default=[1.0, 2.0, 4.0, 8.0], help="shares of the full bank, in order")
    add("--masters", nargs="+", choices=MASTERS, help=f"{CLUSTER}: standalone, two workers of one core")
    add("--steps", nargs="+", choices=STEPS, help="evaluate judges the model that train registered")
    add("--seed", type=int, help="of the banks")
    add("--minutes", type=float, help="begin no step after so many")
    add("--again", action="store_true", help="measure what was measured before, too")
    add("--drop", action="store_true", help="remove the tables of a size and master once all its steps are measured")
    add("--timeout", type=float, default=3600, help="seconds that one step may take")
    add("--memory-limit", type=float, default=20, help="GB that one step may take")
    add("--results", type=Path, default=CHECKOUT / "benchmarks" / "results")
    add("--name", default="spark_scaling", help="of the files of the results")
    return parser


if __name__ == "__main__":
    main()
