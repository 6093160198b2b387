"""The page of ``serving.py``: goals, loads and a soak as Markdown."""

from collections.abc import Sequence
from typing import Any

from serving_figures import OPEN, Figures, Goal
from serving_load import CONNECTIONS
from serving_soak import EVERY, TITLES, Soak

_FIGURES = (("p50", 2), ("p99", 2), ("p999", 2), ("per_second", 0), ("processor_us", 0), ("beside_us", 0), ("others", 1))


def page(figures: Figures, soak: Soak | None, around: dict[str, Any], about: dict[str, Any]) -> str:
    """All tables."""
    goals = [*(figures.goals() if figures.loads else []), *(soak.goals() if soak else [])]
    parts = [_head(around, about), "## Goals\n\n" + goals_table(goals)]
    if figures.loads:
        parts += [
            "## Loads\n\n" + _about_loads(about) + "\n\n" + loads_table(figures),
            "## Start and memory\n\n" + held_table(figures),
        ]
    if soak is not None:
        parts.append("## Soak\n\n" + soak_told(soak))
    return "\n\n".join(parts) + "\n"


def _head(around: dict[str, Any], about: dict[str, Any]) -> str:
    packages = ", ".join(f"{package} {number}" for package, number in around["packages"].items())
    dirty = " with changes that are not committed" if around["dirty"] else ""
    return f"""# The service under load

{around["date"]}, commit {around["commit"]}{dirty}. {around["processor"]}, {around["cores"]} cores, {around["memory_gb"]} GB,
{around["system"]}. Python {around["python"]}, {packages}.

A month of {about["customers"]:,} customers. Every server has one worker on one core, the load comes from the other; log and
metrics of the service are on."""


def _about_loads(about: dict[str, Any]) -> str:
    rounds = f"{about['rounds']} rounds" if about["rounds"] > 1 else "one round"
    return f"""Medians of {rounds} of {about["seconds"]:g} s a load. An answer for a customer has {about["answer_bytes"]:,} bytes,
a record {about["record_bytes"]:,}. An open loop sends at its rate whatever is answered, and latency counts from when a request
was due; its first second is left out. A closed loop has {CONNECTIONS} connections, each of which sends when it was answered, so
its latencies are those of a queue. Processor time is that of the process that answers and, beside it, of the other processes of
the server. `others` are cores that the rest of the machine used meanwhile: above 0.3 of them latencies and answers a second say
little, and processor time counts."""


def goals_table(goals: Sequence[Goal]) -> str:
    """Every goal with what was measured."""
    lines = ["| what | measured | goal | |", "|---|--:|---|---|"]
    for goal in goals:
        value = "" if goal.value is None else f"{_number(goal.value)} {goal.unit}".strip()
        written = " or ".join(name if name[0].isdigit() else f"{name}: {_number(number)}" for name, number in goal.goals)
        lines.append(
            f"| {goal.name} | {value} | {'at least ' * goal.at_least}{written} {goal.unit}".rstrip() + f" | {goal.told} |"
        )
    return "\n".join(lines)


def loads_table(figures: Figures) -> str:
    """A line for each load."""
    lines = [
        "| asked for | server | loop | p50 ms | p99 ms | p99.9 ms | a second | processor us | beside | others | errors |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row, server, loop in figures.rows():
        found = figures.of(row, loop)
        shape = f"open, {found[0].rate:g} a second" if loop == OPEN else "closed"
        cells = [f"{figures.median(row, loop, name) or 0:,.{digits}f}" for name, digits in _FIGURES]
        lines.append(f"| {row} | {server} | {shape} | {' | '.join(cells)} | {sum(each.told.errors for each in found)} |")
    return "\n".join(lines)


def held_table(figures: Figures) -> str:
    """A line for each server."""
    lines = ["| server | s until it answers | processor s until then | MB private |", "|---|--:|--:|--:|"]
    lines += [
        f"| {each.server} | {each.start_seconds:.1f} | {each.start_processor_seconds:.1f} | {each.private_mb:.0f} |"
        for each in figures.held
    ]
    return "\n".join(lines)


def soak_told(soak: Soak) -> str:
    """What a soak has shown."""
    rates = ", ".join(f"{name} {rate:g} times a second" for name, rate in soak.rates.items())
    lines = [
        f"{soak.seconds / 60:.0f} minutes: {rates}; another month every {EVERY:g} s, {len(soak.changes)} of them taken in.",
        "",
        "| asked for | answers | errors | p50 ms | p99 ms | p99.9 ms |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {name} | {told.answers:,} | {told.errors} | {told.p50:.2f} | {told.p99:.2f} | {told.p999:.2f} |"
            for name, told in soak.told.items()
        ),
        "",
        f"Usual p99 of a second: {soak.usual or 0:.2f} ms. More than twice that had {_of(soak.slow_seconds(near=True))} seconds",
        f"around a new month, and {_of(soak.slow_seconds(near=False))} of the others.",
        "",
        "| | least in the first third | in the last third |",
        "|---|--:|--:|",
    ]
    ends = {title: soak.ends(name) for name, title in TITLES.items()}
    lines += [f"| {title} | {both[0]:.1f} | {both[1]:.1f} |" for title, both in ends.items() if both is not None]
    if soak.counted:
        lines += ["", "Log of answers: " + ", ".join(f"{name} {number:,.0f}" for name, number in soak.counted.items()) + "."]
    return "\n".join(lines)


def _of(counted: tuple[int, int]) -> str:
    return f"{counted[0]} of {counted[1]}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
