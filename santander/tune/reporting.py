"""A study for people on a terminal."""

import re
from typing import TYPE_CHECKING, Any

from santander.errors import InputError
from santander.tune.result import StudyResult, Tried
from santander.tune.tune import Tuned

if TYPE_CHECKING:
    from rich.table import Table

SHOWN = 5
"""Trials that are shown, the best first."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds_of(text: str) -> float:
    """Seconds of ``90``, ``30m`` or ``2h``; raises InputError for anything else."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise InputError(f"--timeout {text}: seconds above 0, or such as 90s, 30m or 2h")
    return float(found[1]) * _SECONDS[found[2]]


def table_of_trials(study: StudyResult) -> "Table":
    """The best trials, and the recipes as they are."""
    from rich.table import Table

    table = Table(title=f"Trials on {study.month}, ceiling {study.ceiling:.6f}: {study.counts().in_words()}")
    for title in ("trial", "MAP@7", "share of ceiling", "rounds", "seconds"):
        table.add_column(title, justify="right")
    table.add_column("tried")
    ranked = sorted(study.in_state("complete"), key=lambda trial: (-(trial.map7 or 0.0), trial.number))
    for trial in [*ranked[:SHOWN], *(trial for trial in ranked[SHOWN:] if trial.as_is)]:
        rounds = "" if trial.rounds is None else str(trial.rounds)
        figures = (f"{trial.map7:.6f}", f"{trial.share_of_ceiling:.4f}", rounds, f"{trial.seconds:.1f}")
        table.add_row(str(trial.number), *figures, _tried(trial))
    return table


def lines(tuned: Tuned) -> list[str]:
    """Return the outcome of the study in sentences."""
    candidate = tuned.candidate
    fate = "is the champion" if candidate.promoted else "is not promoted"
    told = [
        tuned.study.comparison(),
        f"version {candidate.version}, {candidate.recipe} for {tuned.target}, {fate}: {candidate.reason}",
    ]
    if tuned.saved_as is not None:
        name = tuned.saved_as.stem
        use = f"'santander train --recipe {name}' trains it, 'run' too with the setting training.recipe: {name}"
        told.append(f"saved as {tuned.saved_as}: {use}")
    return told


def _tried(trial: Tried) -> str:
    if trial.as_is:
        return f"{trial.variant.recipe} as it is"
    values = ", ".join(f"{path} {_short(value)}" for path, value in trial.variant.values.items())
    return f"{trial.variant.recipe}: {values}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
