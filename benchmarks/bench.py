"""Our steps against the best that others would write, measured in one sitting.

    make bench ARGS="--sizes 0.125 0.5 1"
    python benchmarks/bench.py --sizes 0.125 0.5 1 --repeats 1 1 3

Every run is a process of its own; tools take turns, so that a machine that slows down slows all of them. The output of each
peer is compared with ours: one that differs is named, and the exit code is 1. Figures go to benchmarks/results.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bank_files import RAW, bank, rows_of
from checking import difference
from contestants import OURS, PEERS, STEPS, Work, command, drive, environment, leftovers
from extras import measure_extras
from figures import ARROW, ARROW_TEXTS, Figure, Figures
from measuring import Run, measured
from plot import draw
from report import goals_table, steps_table, surroundings, write

HERE = Path(__file__).resolve().parent
EXTRAS = ("parse", "fit", "walk", "startup")
EQUAL = "equal"
NEEDS = {"features": "ingest", "month": "ingest", "training_set": "features", "scoring": "features"}
"""What a step reads: where a tool failed in that, it is not asked for this."""
SLOW = ["pandas_script", "pyspark_local"]
PROOF_SIZE, PROOF_SHARE = 0.002, 0.003
"""Before anything is measured the peers prove on a small bank with damaged rows that they keep the rules."""


def main() -> None:
    """Measure, compare, report."""
    asked = _options().parse_args()
    repeats = dict(zip(asked.sizes, _spread(asked.repeats, len(asked.sizes)), strict=True))
    around, figures = surroundings(), Figures()
    asked.folder.mkdir(parents=True, exist_ok=True)
    differs = [] if asked.no_proof else prove(asked.folder, asked.peers, asked)
    for size in asked.sizes:
        figures += of_size(asked.folder, size, repeats[size], asked)
        write(figures, around, asked.results, asked.name)
        draw(figures, asked.results / f"{asked.name}.svg")
        print("\n" + steps_table(figures, size), flush=True)
    print("\n" + goals_table(figures.goals()))
    differs += [f"{f.tool} {f.step} at {f.size:g}: {f.verdict}" for f in figures if f.verdict.startswith("differs")]
    for line in differs:
        print(line, file=sys.stderr)
    ours_failed = [f"{f.step} at {f.size:g}: {f.failure}" for f in figures if f.tool == OURS and f.failure]
    for line in ours_failed:
        print(f"ours failed: {line}", file=sys.stderr)
    sys.exit(1 if differs or ours_failed else 0)


def prove(folder: Path, peers: Sequence[str], asked: argparse.Namespace) -> list[str]:
    """Hold every peer's ingest of a dirty bank against ours; what differs."""
    work = Work(bank(folder, PROOF_SIZE, PROOF_SHARE), folder / "proof")
    found = []
    for tool in (OURS, *peers):
        shutil.rmtree(work.of(tool), ignore_errors=True)
        run = _run(tool, "ingest", work, asked)
        told = run.failure or (None if tool == OURS else difference("ingest", work.of(OURS), work.of(tool)))
        _say(f"proof of {tool} on damaged rows: {told or EQUAL}")
        if told:
            found.append(f"{tool} ingest of damaged rows: differs: {told}")
    shutil.rmtree(work.folder, ignore_errors=True)
    return found


def of_size(folder: Path, size: float, repeats: int, asked: argparse.Namespace) -> Figures:
    """All figures of one size."""
    raw = bank(folder, size)
    work, rows = Work(raw, folder / f"work-{size:g}"), rows_of(raw)
    if not asked.keep:
        shutil.rmtree(work.folder, ignore_errors=True)
    figures = Figures()
    if "parse" in asked.extras:
        figures += _parses(work, size, rows, repeats, asked)
    for step in asked.steps:
        work = _made_ready(step, work, asked)
        found = {tool: _to_be_measured(Figure(size, rows, step, tool), figures) for tool in (OURS, *asked.peers)}
        figures += found.values()
        for turn in range(repeats):
            for tool in list(found) if turn % 2 == 0 else list(found)[::-1]:
                if turn == 0 or tool not in asked.once:
                    _take_turn(found[tool], work, asked)
        for tool, figure in found.items():
            if tool != OURS and not figure.failure and not found[OURS].failure:
                told = _compared(step, work, tool)
                figure.verdict = f"differs: {told}" if told else EQUAL
                _say(f"{step} {tool}: {figure.verdict}")
    figures += measure_extras(work, size, rows, repeats, asked.extras, lambda words: _measured(words, asked))
    if not asked.keep:
        shutil.rmtree(work.folder, ignore_errors=True)
    return figures


def _to_be_measured(figure: Figure, before: Figures) -> Figure:
    """The figure, failed already where its tool failed in the step that this one goes on from."""
    needed = NEEDS.get(figure.step, "")
    earlier = before.one(needed, figure.tool, figure.size)
    if earlier and earlier.failure:
        figure.runs.append(Run(0, 0, 0, failure=f"not run: no {needed} to go on from"))
    return figure


def _compared(step: str, work: Work, tool: str) -> str | None:
    try:
        return difference(step, work.of(OURS), work.of(tool))
    except (OSError, ValueError, KeyError) as error:
        return f"cannot be compared: {error}"


def _made_ready(step: str, work: Work, asked: argparse.Namespace) -> Work:
    """What a step needs and is not measured: the months of the training set, the model."""
    if step == "training_set":
        return replace(work, months=_done(drive("months", work), asked)["months"])
    if step == "scoring" and not work.model.is_dir():
        _done(drive("model", work, "--out", str(work.model)), asked)
    return work


def _done(words: Sequence[str], asked: argparse.Namespace) -> dict[str, Any]:
    run = _measured(words, asked)
    if run.failure:
        sys.exit(f"{' '.join(words[-4:])}: {run.failure}")
    return json.loads(run.output.strip().splitlines()[-1])


def _parses(work: Work, size: float, rows: int, repeats: int, asked: argparse.Namespace) -> list[Figure]:
    """Arrow's bare parse of the landing files."""
    figures = [Figure(size, rows, "parse", ARROW), Figure(size, rows, "parse", ARROW_TEXTS)]
    for _ in range(repeats):
        for figure, kind in zip(figures, ("default", "strings"), strict=True):
            run = _measured([sys.executable, str(HERE / "bare.py"), kind, *(str(work.raw / name) for name in RAW)], asked)
            _keep(figure, run)
    return figures


def _take_turn(figure: Figure, work: Work, asked: argparse.Namespace) -> None:
    if figure.failure and figure.runs:
        return  # it failed before and would again
    run = _run(figure.tool, figure.step, work, asked)
    _keep(figure, run)


def _run(tool: str, step: str, work: Work, asked: argparse.Namespace) -> Run:
    for place in leftovers(tool, step, work):
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    work.of(tool).mkdir(parents=True, exist_ok=True)
    return _measured(command(tool, step, work), asked)


def _keep(figure: Figure, run: Run) -> None:
    figure.runs.append(run)
    lines = run.output.strip().splitlines()
    if not run.failure and lines and lines[-1].startswith("{"):
        said = json.loads(lines[-1])
        figure.inner = {name: value for name, value in said.items() if isinstance(value, float)} | said.get("parts", {})
    told = run.failure or f"{run.seconds:.2f} s, {run.processor_seconds:.1f} processor s, {run.peak_gb:.2f} GB"
    _say(f"size {figure.size:g} {figure.step} {figure.tool}: {told}")


def _measured(words: Sequence[str], asked: argparse.Namespace) -> Run:
    return measured(words, environment=environment(), timeout=asked.timeout, memory_limit_gb=asked.memory_limit)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _spread(repeats: Sequence[int], sizes: int) -> list[int]:
    return [*repeats, *[repeats[-1]] * sizes][:sizes]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--folder", type=Path, default=HERE.parent / "data" / "bench", help="banks, kept, and tables; size 1 takes 6 GB")
    add("--sizes", type=float, nargs="+", default=[0.125, 0.5, 1.0], help="shares of the full bank, in order")
    add("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    add("--steps", nargs="*", choices=STEPS, default=list(STEPS), help="a step reads what the steps before it left")
    add(
        "--extras", nargs="*", choices=EXTRAS, default=list(EXTRAS), help="what is measured of ours and of bare libraries besides"
    )
    add("--repeats", type=int, nargs="+", default=[3], help="of each run, by size; the last holds for all sizes after it")
    add("--once", nargs="*", choices=PEERS, default=SLOW, help="peers that are run once, however often the others are")
    add("--timeout", type=float, default=1800, help="seconds that one run may take")
    add("--memory-limit", type=float, default=20, help="GB that one run may take")
    add("--results", type=Path, default=HERE / "results")
    add("--name", default="bench", help="of the files of the results")
    add("--keep", action="store_true", help="keep tables, and use those that are there")
    add("--no-proof", action="store_true", help="leave out the comparison on damaged rows")
    return parser


if __name__ == "__main__":
    main()
