"""The page of ``spark_scaling.py``: goals, steps, cores and stages as Markdown."""

from typing import Any

from process_kinds import DRIVER, EXECUTOR, JVM, WORKER
from report import goals_table
from scaling_figures import CLUSTER, ONE_CORE, SAIL, STEPS, TWO_CORES, Figure, Measured

IDLE = 0.3
"""Cores that others may use before seconds are said to mean little."""
SHOWN = 0.02
"""The share of the seconds of all stages from which stages have a line of their own."""


def page(measured: Measured, around: dict[str, Any]) -> str:
    """All tables."""
    figures = measured.in_order()
    sizes = sorted({figure.size for figure in figures})
    parts = [_head(figures, around), "## Goals\n\n" + goals_table(measured.goals()), "## Cores\n\n" + cores_table(measured)]
    parts += [f"## Size {size:g}\n\n" + steps_table([each for each in figures if each.size == size]) for size in sizes]
    parts.append("## Stages\n\n" + _ABOUT_STAGES)
    for each in (figure for figure in figures if figure.stages):
        parts.append(f"### {each.step}, {each.master}, size {each.size:g}\n\n" + stages_table(each))
    return "\n\n".join(parts) + "\n"


_ABOUT_STAGES = """Seconds are by the clock while a stage of that name ran; task s and Python s (while a worker had rows) are by
the clock too, summed over the tasks. JVM s are processor seconds of the tasks' threads; the log has none of Python workers."""


def _head(figures: list[Figure], around: dict[str, Any]) -> str:
    packages = ", ".join(f"{package} {number}" for package, number in around["packages"].items())
    commits = ", ".join(sorted({figure.commit for figure in figures}))
    return f"""# Steps on Apache Spark by rows and cores

{around["date"]}, commit {commits}. {around["processor"]}, {around["cores"]} cores, {around["memory_gb"]} GB, {around["system"]}.
Python {around["python"]}, {packages}.

Each step is one process, run once, start and imports included. Size 1 is {956_645:,} customers in seven months. Of the driver's
Python, the JVMs and the Python workers (first how many there were): the most that one of them held, pages shared with others
included, and the processor seconds of all of them. `others` are cores that the rest of the machine used meanwhile: above
{IDLE:g} of them seconds and speed-ups say little, and processor seconds count. `{CLUSTER}` is a standalone master with two
workers of one core."""


def steps_table(figures: list[Figure]) -> str:
    """A line for each step and master of one size."""
    lines = [
        "| step | master | rows | s | others | processor s | a million rows | driver | JVM | executors | workers | shuffle MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += map(_step_line, sorted(figures, key=lambda each: STEPS.index(each.step)))
    return "\n".join(lines)


def _step_line(figure: Figure) -> str:
    named = f"| {figure.step} | {figure.master} | {figure.rows:,} |"
    if figure.failure:
        return f"{named} {figure.failure} |"
    cells = [
        f"{figure.seconds:.1f}", f"{figure.others:.1f}", f"{figure.processor_seconds:.1f}", f"{figure.a_million or 0:.1f}",
        *(_held(figure, kind) for kind in (DRIVER, JVM, EXECUTOR, WORKER)),
        "" if figure.master == SAIL else f"{sum(stages.shuffle_bytes for stages in figure.stages) / 1e6:.1f}",
    ]  # fmt: skip
    return f"{named} " + " | ".join(cells) + " |"


def cores_table(measured: Measured) -> str:
    """How much sooner two cores end than one: the whole step, and its stages of several tasks."""
    lines = ["| step | size | master | whole step | parallel part | others, one and two cores |", "|---|---|---|---|---|---|"]
    for two in measured.in_order():
        one = measured.good(two.size, ONE_CORE, two.step)
        faster = measured.speed_up(two.size, two.master, two.step)
        if two.master in {TWO_CORES, CLUSTER} and one and faster is not None:
            named = f"| {two.step} | {two.size:g} | {two.master} |"
            lines.append(f"{named} {one.seconds / two.seconds:.2f} x | {faster:.2f} x | {one.others:.1f}, {two.others:.1f} |")
    return "\n".join(lines)


def stages_table(figure: Figure) -> str:
    """Stages by name, the longest first, the short ones in one line."""
    lines = ["| stages | tasks | s | task s | JVM s | Python s | shuffle MB | spill MB |", "|---|---|---|---|---|---|---|---|"]
    least = SHOWN * sum(stages.seconds for stages in figure.stages)
    short = [stages for stages in figure.stages if stages.seconds < least]
    for each in figure.stages:
        if each not in short:
            name = f"{each.name} ({each.stages} x)" if each.stages > 1 else each.name
            lines.append(
                f"| {name} | {each.tasks} | {each.seconds:.1f} | {each.task_seconds:.1f} | {each.jvm_processor_seconds:.1f} | "
                f"{each.python_seconds:.1f} | {each.shuffle_bytes / 1e6:.1f} | {each.spilled_bytes / 1e6:.1f} |"
            )
    if short:
        stages, tasks = sum(each.stages for each in short), sum(each.tasks for each in short)
        lines.append(f"| {stages} short ones | {tasks} | {sum(each.seconds for each in short):.1f} | | | | | |")
    return "\n".join(lines)


def _held(figure: Figure, kind: str) -> str:
    """GB and processor seconds of the processes of a kind, and how many workers; nothing where there were none."""
    held = figure.held.get(kind, [])
    number = f"{len(held)}: " if kind == WORKER and held else ""
    return f"{number}{max(held):.2f} GB, {figure.used.get(kind, 0):.0f} s" if held else ""
