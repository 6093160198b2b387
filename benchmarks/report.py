"""The figures as Markdown and JSON, with the machine, the versions and the commit they belong to."""

import datetime as dt
import json
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
from contestants import OURS
from figures import Figure, Figures, Goal

_PACKAGES = (
    "polars",
    "duckdb",
    "pandas",
    "pyspark",
    "pyarrow",
    "xgboost-cpu",
    "xgboost",
    "pysail",
    "deltalake",
    "feast",
    "numpy",
)
CHECKOUT = Path(__file__).resolve().parents[1]
_TITLES = {
    "parse": "csv parse alone", "ingest": "csv to clean monthly table", "features": "features, all months",
    "month": "features, one month", "training_set": "training set", "scoring": "scoring one month", "fit": "fit",
    "walk": "whole walk", "refresh": "monthly refresh", "help": "santander --help", "status": "santander status",
}  # fmt: skip


def surroundings() -> dict[str, Any]:
    """Machine, versions and commit; no names of hosts, people or folders."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": packages,
        "commit": _git("rev-parse", "--short", "HEAD") or "unknown",
        "dirty": bool(_git("status", "--porcelain")),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    named = (
        [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line] if info.is_file() else []
    )
    return named[0] if named else platform.processor() or "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(CHECKOUT), *arguments], capture_output=True, text=True, check=False)  # noqa: S607
    return done.stdout.strip()


def write(figures: Figures, around: dict[str, Any], folder: Path, name: str) -> None:
    """Write NAME.md and NAME.json."""
    folder.mkdir(parents=True, exist_ok=True)
    goals = [{"name": g.name, "value": g.value, "target": g.target, "unit": g.unit, "told": g.told} for g in figures.goals()]
    content = {"surroundings": around, "figures": [each.as_json() for each in figures], "goals": goals}
    (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(page(figures, around, name), encoding="utf-8")


def page(figures: Figures, around: dict[str, Any], name: str) -> str:
    """All tables as Markdown."""
    packages = ", ".join(f"{package} {number}" for package, number in around["packages"].items())
    dirty = " with changes that are not committed" if around["dirty"] else ""
    head = f"""# Bench {name}

{around["date"]}, commit {around["commit"]}{dirty}. {around["processor"]}, {around["cores"]} cores, {around["memory_gb"]} GB,
{around["system"]}. Python {around["python"]}, {packages}.

Median of the runs, each a process of its own, start and imports included; memory is the largest sum over its processes.
Size 1 is {956_645:,} customers. `equal` means that the whole output was compared with ours, row by row."""
    sections = [head, "## Targets\n\n" + goals_table(figures.goals())]
    sections += [f"## Size {size:g}\n\n" + steps_table(figures, size) for size in sorted({each.size for each in figures})]
    sections.append(f"![seconds by rows]({name}.svg)")
    return "\n\n".join(sections) + "\n"


def goals_table(goals: Sequence[Goal]) -> str:
    """Every target with what was measured."""
    lines = ["| what | measured | target | |", "|---|---|---|---|"]
    for goal in goals:
        value = "" if goal.value is None else f"{goal.value:.2f} {goal.unit}"
        lines.append(f"| {goal.name} | {value} | {'at least ' * goal.at_least}{goal.target:g} {goal.unit} | {goal.told} |")
    return "\n".join(lines)


def steps_table(figures: Figures, size: float) -> str:
    """A line for each step and tool of one size."""
    lines = ["| step | tool | s | processor s | GB | s / ours | output |", "|---|---|---|---|---|---|---|"]
    for figure in (each for each in figures if each.size == size):
        own = figures.seconds(figure.step, OURS, size)
        lines.append(_line(figure, own))
    return "\n".join(lines)


def _line(figure: Figure, own: float | None) -> str:
    title = _TITLES.get(figure.step, figure.step)
    if figure.seconds is None:
        return f"| {title} | {figure.tool} | | | {figure.peak_gb or ''} | | {figure.failure} |"
    ratio = f"{figure.seconds / own:.2f}" if own and figure.tool != OURS else ""
    said = figure.verdict + "".join(f"; {part} {seconds:.2f} s" for part, seconds in figure.inner.items() if part != "rows")
    processor = f"{figure.processor_seconds:.1f}"
    return (
        f"| {title} | {figure.tool} | {figure.seconds:.2f} | {processor} | {figure.peak_gb:.2f} | {ratio} | {said.lstrip('; ')} |"
    )
