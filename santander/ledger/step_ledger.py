"""Which steps are up to date: everything a step and month was made from has the fingerprint that its last run recorded.

No data are read and no engine is started: partitions are told apart by their files (docs/adr/0002).
"""

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Self

from santander.errors import InputError
from santander.lake.lake import Lake
from santander.ledger.family_months import fingerprints_of_families
from santander.ledger.steps import ADDED, BUILD, SCORE, R, Step
from santander.ledger.versions import version_of
from santander.schema.catalogue import ADDITIONS, CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS, STEP_RUNS
from santander.schema.features import FEATURES, months_read_for
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


@dataclass
class Origins:
    """The state of the input tables at one moment; made anew after each write."""

    lake: Lake

    @cached_property
    def customers(self) -> Mapping[Month, str]:
        """A text for each month of ``customers`` that changes with its rows."""
        return self.lake.fingerprints(CUSTOMERS)

    @cached_property
    def features(self) -> Mapping[Month, str]:
        """A text for each month of ``features`` that changes with its rows."""
        return self.lake.fingerprints(FEATURES_TABLE)

    @cached_property
    def additions(self) -> Mapping[Month, str]:
        """A text for each month of ``additions`` that changes with its rows; a month in which nothing was added has none."""
        return self.lake.fingerprints(ADDITIONS)

    def of_additions(self, month: Month) -> str:
        """Return the fingerprint of a month's additions: its customers and those of the month before."""
        both = {str(m): self.customers[m] for m in (month - 1, month) if m in self.customers}
        return fingerprint_of(version=version_of(ADDED.name), customers=both)

    def of_features(self, month: Month) -> str:
        """Return the fingerprint of a month's features: its customers, those of the months before, and the declaration."""
        return fingerprint_of(
            version=version_of(BUILD.name),
            declared=[(feature.name, feature.type) for feature in FEATURES],
            customers={str(m): self.customers[m] for m in months_read_for(month) if m in self.customers},
        )

    def of_recommendations(self, month: Month, run_id: str | None, families: Collection[str] = ()) -> str:
        """Return the fingerprint of a month's recommendations, scored by the model of an MLflow run that reads these families."""
        return fingerprint_of(
            version=version_of(SCORE.name),
            run_id=run_id,
            features=self.features.get(month),
            customers=self.customers.get(month),
            **fingerprints_of_families(self.lake, families, [month]),
        )


def stale_features(origins: Origins, ledger: StepLedger, months: Iterable[Month]) -> list[Month]:
    """Of these months those whose features are there and were built from other customers than there are now."""
    return [m for m in months if m in origins.features and not ledger.is_current(BUILD, m, origins.of_features(m))]


def due_additions(origins: Origins, ledger: StepLedger, months: Iterable[Month]) -> list[Month]:
    """Of these months those whose additions are not there as the customers there are now make them."""

    def is_there(month: Month) -> bool:
        last = ledger.last(ADDED, month)
        return (
            last is not None and (not last.rows or month in origins.additions) and last.fingerprint == origins.of_additions(month)
        )

    return [month for month in months if not is_there(month)]


def refuse_stale_features(lake: Lake, months: Iterable[Month]) -> None:
    """Raise InputError when the features of a month were built from other customers, or other declarations, than there are now.

    Raises OutdatedTable before, where the table lacks a feature: it takes the column first, and is then built anew.
    """
    if lake.exists(FEATURES_TABLE):
        lake.delta(FEATURES_TABLE)
    if stale := stale_features(Origins(lake), StepLedger(lake), sorted(set(months))):
        span = f"--month {stale[0]}" if len(stale) == 1 else f"--from {stale[0]} --to {stale[-1]}"
        raise InputError(
            f"features of {', '.join(map(str, stale))} are out of date",
            month=stale[0],
            hint=f"run 'santander features {span}' first",
        )


def stale_recommendations(origins: Origins, ledger: StepLedger, scored: Collection[Month]) -> list[Month]:
    """Of the scored months those whose recommendations were made from other rows, or whose features are stale.

    Which model is champion does not matter here: a promotion leaves the lists of earlier months as they were made.
    """
    behind = set(stale_features(origins, ledger, scored))
    for month in scored:
        last = ledger.last(SCORE, month)
        if last is None or last.fingerprint != origins.of_recommendations(month, last.result.run_id, last.result.families):
            behind.add(month)
    return sorted(behind)


def stale_months(lake: Lake, ledger: StepLedger) -> dict[str, list[Month]]:
    """Months that are out of date, by table: ``features``, ``additions`` and ``recommendations``."""
    origins = Origins(lake)
    return {
        FEATURES_TABLE.name: stale_features(origins, ledger, sorted(origins.features)),
        ADDITIONS.name: due_additions(origins, ledger, sorted(origins.additions)),
        RECOMMENDATIONS.name: stale_recommendations(origins, ledger, lake.months(RECOMMENDATIONS)),
    }
