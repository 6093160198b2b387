"""Which steps are up to date: everything a step and month was made from has the fingerprint its last run recorded."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from santander.lake.lake import Lake
from santander.schema.catalogue import STEP_RUNS
from santander.schema.months import Month


def fingerprint_of(**inputs: Any) -> str:
    """One text for everything a step depends on: versions of its inputs, its settings, the declared version of its code."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StepRun:
    """The last recorded run of one step for one month."""

    step: str
    month: Month
    fingerprint: str
    rows: int
    seconds: float
    result: Mapping[str, Any]
    finished_at: dt.datetime


@dataclass
class StepLedger:
    """The table ``step_runs``: what each step did last, and what it was made from."""

    lake: Lake
    _last: dict[tuple[str, Month], StepRun] = field(init=False)
    _by_fingerprint: dict[tuple[str, str], dict[Month, list[StepRun]]] = field(init=False)

    def __post_init__(self) -> None:
        self._last, self._by_fingerprint = {}, {}
        for row in sorted(self.lake.rows(STEP_RUNS), key=lambda row: row["finished_at"]):
            self._remember(
                StepRun(
                    row["step"],
                    Month.parse(row["month"]),
                    row["fingerprint"],
                    row["rows"],
                    row["seconds"],
                    json.loads(row["result"]),
                    row["finished_at"],
                )
            )

    def last(self, step: str, month: Month) -> StepRun | None:
        """The last run of a step for a month, None when it never ran."""
        return self._last.get((step, month))

    def runs(self) -> list[StepRun]:
        """The last run of every step and month, by month, then by when it ended."""
        return sorted(self._last.values(), key=lambda run: (run.month, run.finished_at))

    def is_current(self, step: str, month: Month, fingerprint: str) -> bool:
        """Whether the last run of the step for the month was made from exactly this."""
        last = self.last(step, month)
        return last is not None and last.fingerprint == fingerprint

    def has_run(self, step: str) -> bool:
        """Whether the step was ever run, for whatever month."""
        return any(name == step for name, _ in self._last)

    def has_seen(self, step: str, fingerprint: str) -> bool:
        """Whether the step was ever run on exactly this, whatever came after."""
        return (step, fingerprint) in self._by_fingerprint

    def runs_on(self, step: str, month: Month, fingerprint: str) -> list[StepRun]:
        """The runs of a step for a month on exactly this, whatever came after, the last one first."""
        return self._by_fingerprint.get((step, fingerprint), {}).get(month, [])[::-1]

    def record(
        self,
        step: str,
        months: Sequence[tuple[Month, str, int]],
        seconds: float,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Record one run of a step in one commit: months with fingerprint and rows; the seconds are shared out among them."""
        now = dt.datetime.now(dt.UTC)
        runs = [
            StepRun(step, month, fingerprint, rows, seconds / len(months), result or {}, now)
            for month, fingerprint, rows in months
        ]
        self.lake.append_rows(
            STEP_RUNS,
            [
                {
                    "step": run.step,
                    "month": str(run.month),
                    "fingerprint": run.fingerprint,
                    "rows": run.rows,
                    "seconds": run.seconds,
                    "result": json.dumps(run.result, default=str),
                    "finished_at": run.finished_at,
                }
                for run in runs
            ],
        )
        for run in runs:
            self._remember(run)

    def _remember(self, run: StepRun) -> None:
        self._last[run.step, run.month] = run
        self._by_fingerprint.setdefault((run.step, run.fingerprint), {}).setdefault(run.month, []).append(run)
