"""What is there, read from commits and registries alone: no engine is started and no data are read."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from santander.ingest.accounting import last_ingestions
from santander.ingest.synthetic_mark import SyntheticMark
from santander.lake.lake import Lake
from santander.ledger.staleness import stale_months
from santander.ledger.step_ledger import StepLedger
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, INGESTIONS, RECOMMENDATIONS, TABLES
from santander.schema.months import Month
from santander.schema.presence import missing_months

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.registry.standing import Standing


@dataclass(frozen=True, slots=True)
class MonthOverview:
    """One month: rows in each monthly table, and the step that worked on it last."""

    month: Month
    customers: int
    has_products: bool
    features: int
    recommendations: int
    stale: tuple[str, ...]
    """Tables whose rows of the month were made from something else than there is now."""
    model_version: int | None
    last_step: str | None
    last_step_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The lake and the registry at a glance; ``tables`` lists name and version (None: not written yet)."""

    months: list[MonthOverview]
    tables: list[tuple[str, int | None]]
    model: str
    champion: "Standing"
    missing_months: list[Month]
    """Months without customers between the first and the last."""
    mark: SyntheticMark | None
    """The mark of a data folder that was filled with a synthetic bank."""
    files_of_others: list[str]
    """In such a folder the files of months there that are not of its bank."""

    def payload(self) -> dict[str, Any]:
        """The JSON object of ``status``."""
        return {
            "months": {
                str(m.month): {
                    "customers": m.customers,
                    "has_products": m.has_products,
                    "features": m.features,
                    "recommendations": m.recommendations,
                    "stale": list(m.stale),
                    "model_version": m.model_version,
                    "last_step": m.last_step,
                    "last_step_at": m.last_step_at.isoformat() if m.last_step_at else None,
                }
                for m in self.months
            },
            "tables": dict(self.tables),
            "champion": self.champion.champion,
            "champion_problem": self.champion.told,
            "synthetic": self.mark is not None,
            "missing_months": [str(month) for month in self.missing_months],
        }


def look(settings: "Settings") -> Overview:
    """Gather the overview; an empty data folder has no months and no champion."""
    from santander.registry.standing import standing

    lake = Lake(settings)
    ledger = StepLedger(lake)
    customers, features, recommendations = (lake.rows_by_month(t) for t in (CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS))
    ingested = last_ingestions(lake.rows(INGESTIONS))
    all_runs = ledger.runs()
    stale = stale_months(lake, ledger)
    months = []
    for month in sorted(set(customers) | set(features) | set(recommendations)):
        runs = [run for run in all_runs if run.month == month]
        last = max(runs, key=lambda run: run.finished_at, default=None)
        scored = ledger.last("score", month)
        months.append(
            MonthOverview(
                month,
                customers.get(month, 0),
                any(row["has_products"] for row in ingested.get(str(month), [])),
                features.get(month, 0),
                recommendations.get(month, 0),
                tuple(table for table, behind in stale.items() if month in behind),
                scored.result["model_version"] if scored else None,
                last.step if last else None,
                last.finished_at if last else None,
            )
        )
    tables = [(table.name, lake.version(table)) for table in TABLES]
    mark = SyntheticMark.read(settings.data)
    others = _files_of_others(mark, ingested)
    model = settings.mlflow.registered_model
    return Overview(months, tables, model, standing(settings), missing_months(customers), mark, others)


def _files_of_others(mark: SyntheticMark | None, ingested: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    rows = [row for of_month in ingested.values() for row in of_month]
    return sorted({row["file"] for row in rows if mark is not None and row["file_sha256"] not in mark.files})
