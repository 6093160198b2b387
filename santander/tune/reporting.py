"""A study for people on a terminal."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.errors import InputError
from santander.tune.result import StudyResult, Tried

if TYPE_CHECKING:
    from rich.table import Table

    from santander.tune.tune import Tuned

SHOWN = 5
"""Trials that are shown, the best first."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds_of(text: str) -> float:
    """Seconds of ``90``, ``30m`` or ``2h``; raises InputError for anything else."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise InputError(f"--timeout {text} is no time", example=text, hint="give seconds above 0, or such as 90s, 30m or 2h")
    return float(found[1]) * _SECONDS[found[2]]


def table_of_trials(study: StudyResult) -> "Table":
    """The best trials, and the recipes as they are."""
    from rich.table import Table

    table = Table(title=f"Trials on {study.month}, ceiling {study.ceiling:.6f}: {study.counts().in_words()}")
    for title in ("trial", "MAP@7", "share of ceiling", "rounds", "seconds"):
        table.add_column(title, justify="right")
    table.add_column("tried")
    ranked = study.ranked()
    for trial in [*ranked[:SHOWN], *(trial for trial in ranked[SHOWN:] if trial.as_is)]:
        rounds = "" if trial.rounds is None else str(trial.rounds)
        figures = (f"{trial.map7:.6f}", f"{trial.share_of_ceiling:.4f}", rounds, f"{trial.seconds:.1f}")
        table.add_row(str(trial.trial), *figures, _tried(trial))
    return table


def lines(study: StudyResult, tuned: "Tuned") -> list[str]:
    """Return the outcome of the study in sentences."""
    fate = "is the champion" if tuned.promoted else "is not promoted"
    version = f"version {tuned.version}, {tuned.candidate.recipe} for {tuned.target}, {fate}: {tuned.reason}"
    return [study.comparison(), version, *_saved(tuned.saved_as)]


def _saved(file: Path | None) -> list[str]:
    if file is None:
        return []
    use = f"'santander train --recipe {file.stem}' trains it, 'run' too with the setting training.recipe: {file.stem}"
    return [f"saved as {file}: {use}"]


def _tried(trial: Tried) -> str:
    if trial.as_is:
        return f"{trial.recipe} as it is"
    return f"{trial.recipe}: " + ", ".join(f"{path} {_short(value)}" for path, value in trial.settings.items())


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
