"""Which steps are up to date: everything a step and month was made from has the fingerprint its last run recorded."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Self

from santander.lake.lake import Lake
from santander.ledger.steps import R, Step
from santander.schema.catalogue import STEP_RUNS
from santander.schema.months import Month
from santander.schema.records import plain, read_record, record_of_row


def fingerprint_of(**inputs: Any) -> str:
    """Return one text for everything a step depends on: versions of its inputs, its settings, the version of its code."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StepRun(Generic[R]):
    """The last recorded run of one step for one month."""

    step: Step[R]
    month: Month
    fingerprint: str
    rows: int
    seconds: float
    result: R
    finished_at: dt.datetime


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A row of ``step_runs``; its result is read when it is asked for."""

    step: str
    month: Month
    fingerprint: str
    rows: int
    seconds: float
    result: str
    finished_at: dt.datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of the table."""
        return record_of_row(cls, {**row, "month": Month.parse(row["month"])})

    def row(self) -> dict[str, Any]:
        """The row of the table."""
        return plain(self) | {"finished_at": self.finished_at}

    def of_step(self, step: Step[R]) -> StepRun[R]:
        """The run with its result."""
        result = read_record(step.result, json.loads(self.result))
        return StepRun(step, self.month, self.fingerprint, self.rows, self.seconds, result, self.finished_at)


@dataclass
class StepLedger:
    """The table ``step_runs``: what each step did last, and what it was made from."""

    lake: Lake
    _last: dict[tuple[str, Month], RecordedRun] = field(init=False)
    _by_fingerprint: dict[tuple[str, str], dict[Month, list[RecordedRun]]] = field(init=False)

    def __post_init__(self) -> None:
        self._last, self._by_fingerprint = {}, {}
        for row in sorted(self.lake.rows(STEP_RUNS), key=lambda row: row["finished_at"]):
            self._remember(RecordedRun.of(row))

    def last(self, step: Step[R], month: Month) -> StepRun[R] | None:
        """The last run of a step for a month, None when it never ran."""
        run = self._last.get((step.name, month))
        return None if run is None else run.of_step(step)

    def runs(self) -> list[RecordedRun]:
        """The last run of every step and month, by month, then by when it ended."""
        return sorted(self._last.values(), key=lambda run: (run.month, run.finished_at))

    def runs_of(self, step: Step[R]) -> list[StepRun[R]]:
        """The last run of a step for every month it was run for, by month."""
        return [run.of_step(step) for run in self.runs() if run.step == step.name]

    def is_current(self, step: Step[Any], month: Month, fingerprint: str) -> bool:
        """Whether the last run of the step for the month was made from exactly this."""
        last = self._last.get((step.name, month))
        return last is not None and last.fingerprint == fingerprint

    def has_run(self, step: Step[Any]) -> bool:
        """Whether the step was ever run, for whatever month."""
        return any(name == step.name for name, _ in self._last)

    def has_seen(self, step: Step[Any], fingerprint: str) -> bool:
        """Whether the step was ever run on exactly this, whatever came after."""
        return (step.name, fingerprint) in self._by_fingerprint

    def runs_on(self, step: Step[R], month: Month, fingerprint: str) -> list[StepRun[R]]:
        """The runs of a step for a month on exactly this, whatever came after, the last one first."""
        runs = self._by_fingerprint.get((step.name, fingerprint), {}).get(month, [])
        return [run.of_step(step) for run in reversed(runs)]

    def record(self, step: Step[R], months: Sequence[tuple[Month, str, int]], seconds: float, result: R) -> None:
        """Record one run of a step in one commit: months with fingerprint and rows; the seconds are shared out among them."""
        now, written = dt.datetime.now(dt.UTC), json.dumps(plain(result))
        runs = [
            RecordedRun(step.name, month, fingerprint, rows, seconds / len(months), written, now)
            for month, fingerprint, rows in months
        ]
        self.lake.append_rows(STEP_RUNS, [run.row() for run in runs])
        for run in runs:
            self._remember(run)

    def _remember(self, run: RecordedRun) -> None:
        self._last[run.step, run.month] = run
        self._by_fingerprint.setdefault((run.step, run.fingerprint), {}).setdefault(run.month, []).append(run)
