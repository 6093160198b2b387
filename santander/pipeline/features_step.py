"""The features of months, built from the customers of the month and of those before."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from santander.features import build
from santander.lake.person_steps import carrying_persons
from santander.ledger.staleness import Origins, stale_features
from santander.ledger.steps import BUILD, NoResult
from santander.pipeline.step import StepContext, StepOutcome, say_up_to_date
from santander.schema.months import Month


@dataclass(frozen=True, slots=True)
class BuiltFeatures:
    """The feature rows that were built, by month."""

    rows: Mapping[Month, int]


class FeaturesStep(StepContext):
    """Builds features."""

    @carrying_persons
    def build_features(self, months: Sequence[Month], *, anyway: bool) -> StepOutcome[BuiltFeatures]:
        """Build the features of these months, of those out of date only unless ``anyway``."""
        started = time.monotonic()
        origins = Origins(self.lake)
        prints = {month: origins.of_features(month) for month in months}
        behind = stale_features(origins, self.ledger, months)
        stale = [month for month in months if anyway or month not in origins.features or month in behind]
        rows: dict[Month, int] = {}
        if stale:
            chosen = self.settings.features
            tasks = chosen.tasks or self.lake.cores()
            rows = build.build_features(self.lake, stale, chosen.months_per_commit, tasks)
            self.ledger.record(BUILD, [(m, prints[m], rows[m]) for m in stale], time.monotonic() - started, NoResult())
        fresh = [month for month in months if month not in stale]
        say_up_to_date(BUILD, fresh)
        return StepOutcome(BUILD, stale, fresh, time.monotonic() - started, BuiltFeatures(rows))
