"""The chances of a fit: what is fitted beside a model, so that its scores say something across customers too."""

import logging
import time
from collections.abc import Sequence

import pyarrow as pa

from santander.config.machine import cores
from santander.features.season import SEASON, Calendar
from santander.models.chances import Chances, FittedChances
from santander.models.level import Level
from santander.models.rate import RateSettings
from santander.models.recommender import Recommender
from santander.models.training_set import TrainingData
from santander.schema.months import Month
from santander.training.plan import PlannedFit
from santander.training.progress import progress_of

log = logging.getLogger(__name__)


def fit_chances(
    settings: RateSettings, models: Sequence[Recommender], planned: PlannedFit, training: TrainingData, level: Level
) -> Sequence[Chances | None]:
    """Return what makes chances of the scores of each model of a planned fit; None where only buyers were drawn."""
    everyone = training.of_months(planned.weights).everyone()
    if everyone is None:
        return [None] * len(models)
    started = time.monotonic()
    last = max(planned.weights)
    known = Level({month: added for month, added in level.months.items() if month <= last})
    moved = in_calendar_of(everyone.of_month(last), planned.predicts)
    with progress_of(f"chances of the fit {planned.name} for {planned.predicts}") as progress:
        chances = [
            FittedChances.fit(settings, model, everyone, known, moved, planned.predicts, cores(), progress) for model in models
        ]
    seconds = time.monotonic() - started
    looked_at = f"{everyone.rows.num_rows:,}"
    log.info("chances of the fit %s: %s customers looked at, %.1f s", planned.name, looked_at, seconds)
    return chances


def in_calendar_of(rows: pa.Table, month: Month) -> pa.Table:
    """Return the rows with the features of the season as they are in another month."""
    for name, values in SEASON.arrays(Calendar(month, rows.num_rows)).items():
        if name in rows.column_names:
            rows = rows.set_column(rows.column_names.index(name), name, values)
    return rows
