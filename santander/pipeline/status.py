"""What is there, read from commits and registries alone: no engine is started and no data are read."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from santander.config.settings import Settings
from santander.ingest.holders import last_ingestions
from santander.ingest.synthetic_mark import SyntheticMark
from santander.lake.family_tables import all_tables
from santander.lake.ingestions import Ingestion, read_ingestions
from santander.lake.lake import Lake
from santander.ledger.offers import OffersStanding
from santander.ledger.own_families import FamiliesStanding, FamilyStanding
from santander.ledger.published import Published, known_published
from santander.ledger.read_otherwise import ReadOtherwise
from santander.ledger.step_ledger import RecordedRun, StepLedger, stale_months
from santander.ledger.steps import SCORE
from santander.logs.run_log import FOLDER, log_files
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, OFFERS, RECOMMENDATIONS
from santander.schema.months import Month, missing_months

if TYPE_CHECKING:
    from santander.registry.champion import Standing


@dataclass(frozen=True, slots=True)
class MonthOverview:
    """One month: rows in each monthly table, and the step that worked on it last."""

    customers: int
    has_products: bool
    features: int
    recommendations: int
    stale: tuple[str, ...]
    """Tables whose rows of the month were made from something else, or by other rules, than there is now."""
    model_version: int | None
    """The version that scored the month."""
    last_step: str | None
    last_step_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class LogsOverview:
    """Log files of runs in the state folder."""

    folder: str
    files: int
    last: str | None


@dataclass(frozen=True, slots=True)
class LastStep:
    """When a step last worked, to the minute, and the months that it then did."""

    at: dt.datetime
    months: tuple[Month, ...]


@dataclass(frozen=True, slots=True)
class StatusPayload:
    """The JSON object of ``status``."""

    months: Mapping[Month, MonthOverview]
    tables: Mapping[str, int | None]
    """The version of each table; None for one that is not written yet."""
    champion: int | None
    champion_problem: str | None
    """What keeps the champion from scoring, with the remedy."""
    synthetic: bool
    """Whether the data folder was filled with a synthetic bank."""
    missing_months: Sequence[Month]
    """Months without customers between the first and the last."""
    logs: LogsOverview
    last_steps: Mapping[str, LastStep]
    trained_on_old_rows: Mapping[int, Sequence[Month]]
    """Champion and challenger as far as a month they were trained on was replaced since, with these months."""
    families: Mapping[str, FamilyStanding]
    """The user's families of features, by name."""
    families_problem: str | None
    """What keeps the files of families from being read."""
    offers_problem: str | None
    """What keeps the rules of offers from being read."""
    served_month: Month | None
    """The month that was published last, which the service answers from."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The lake and the registry at a glance."""

    months: Mapping[Month, MonthOverview]
    tables: Mapping[str, int | None]
    """The version of each table; None for one that is not written yet."""
    model: str
    champion: "Standing"
    missing_months: list[Month]
    """Months without customers between the first and the last."""
    read_otherwise: ReadOtherwise
    """Months of customers that were read by other rules or settings than there are now."""
    mark: SyntheticMark | None
    """The mark of a data folder that was filled with a synthetic bank."""
    files_of_others: list[str]
    """In such a folder the files of months there that are not of its bank."""
    logs: LogsOverview
    last_steps: Mapping[str, LastStep]
    """When each step last worked, in the order in which they did."""
    on_old_rows: Mapping[int, Sequence[Month]]
    """Versions in use that were trained on rows which were replaced since, with the months of these."""
    families: FamiliesStanding
    offers: OffersStanding
    served: Published | None
    """The snapshot that the service answers from."""

    def payload(self) -> StatusPayload:
        """The JSON object of ``status``."""
        return StatusPayload(
            months=self.months,
            tables=self.tables,
            champion=self.champion.champion,
            champion_problem=self.champion.message,
            synthetic=self.mark is not None,
            missing_months=self.missing_months,
            logs=self.logs,
            last_steps=self.last_steps,
            trained_on_old_rows=self.on_old_rows,
            families=self.families.families,
            families_problem=self.families.problem,
            offers_problem=self.offers.problem,
            served_month=None if self.served is None else self.served.month,
        )


def look(settings: Settings) -> Overview:
    """Gather the overview; an empty data folder has no months and no champion."""
    from santander.registry.champion import standing
    from santander.registry.old_rows import on_old_rows

    lake = Lake(settings)
    ledger = StepLedger(lake)
    customers, features, recommendations = (lake.rows_by_month(t) for t in (CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS))
    ingested = last_ingestions(read_ingestions(lake))
    all_runs = ledger.runs()
    other = ReadOtherwise.look(settings, ledger).among(customers)
    families = FamiliesStanding.look(lake, ledger)
    offers = OffersStanding.look(settings, lake, ledger)
    stale = {
        CUSTOMERS.name: other.months, **stale_months(lake, ledger), OFFERS.name: offers.stale, **families.stale(),
    }  # fmt: skip
    months = {}
    for month in sorted(set(customers) | set(features) | set(recommendations)):
        runs = [run for run in all_runs if run.month == month]
        last = max(runs, key=lambda run: run.finished_at, default=None)
        scored = ledger.last(SCORE, month)
        months[month] = MonthOverview(
            customers=customers.get(month, 0),
            has_products=any(row.has_products for row in ingested.get(str(month), [])),
            features=features.get(month, 0),
            recommendations=recommendations.get(month, 0),
            stale=tuple(table for table, behind in stale.items() if month in behind),
            model_version=scored.result.model_version if scored else None,
            last_step=last.step if last else None,
            last_step_at=last.finished_at if last else None,
        )
    tables = {table.name: lake.version(table) for table in all_tables(lake)}
    mark = SyntheticMark.read(settings.data)
    others = _files_of_others(mark, ingested)
    model = settings.mlflow.registered_model
    logs, behind = _logs(settings.state), on_old_rows(settings, lake)
    registered = standing(settings)
    return Overview(
        months, tables, model, registered, missing_months(customers), other, mark, others, logs, _last_steps(all_runs), behind,
        families, offers, known_published(settings.data),
    )  # fmt: skip


def _last_steps(runs: Iterable[RecordedRun]) -> dict[str, LastStep]:
    """Return for each step the minute in which it last worked, and the months that it then did."""
    found: dict[str, LastStep] = {}
    for run in sorted(runs, key=lambda run: (run.finished_at, run.month)):
        minute, before = run.finished_at.replace(second=0, microsecond=0), found.pop(run.step, None)
        found[run.step] = LastStep(minute, (*(before.months if before and before.at == minute else ()), run.month))
    return found


def _logs(state: Path) -> LogsOverview:
    files = log_files(state)
    return LogsOverview(str(state / FOLDER), len(files), str(files[-1]) if files else None)


def _files_of_others(mark: SyntheticMark | None, ingested: Mapping[str, Sequence[Ingestion]]) -> list[str]:
    rows = [row for of_month in ingested.values() for row in of_month]
    return sorted({row.file for row in rows if mark is not None and row.file_sha256 not in mark.files})
