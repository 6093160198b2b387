"""The features of months, built from the customers of the month and of those before, and what was added in them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from santander.features import build
from santander.lake.person_steps import carrying_persons
from santander.ledger.step_ledger import Origins, due_additions, stale_features
from santander.ledger.steps import ADDED, BUILD, NoResult
from santander.pipeline.step import StepContext, StepOutcome, say_up_to_date
from santander.schema.months import Month
from santander.scoring.expected import note_seen


@dataclass(frozen=True, slots=True)
class BuiltFeatures:
    """The rows that were built, by month."""

    rows: Mapping[Month, int]
    additions: Mapping[Month, int]


class FeaturesStep(StepContext):
    """Builds features, and the table of additions beside them."""

    @carrying_persons
    def build_features(self, months: Sequence[Month], *, anyway: bool) -> StepOutcome[BuiltFeatures]:
        """Build the features and additions of these months, of those out of date only unless ``anyway``."""
        started = time.monotonic()
        origins = Origins(self.lake)
        prints = {month: origins.of_features(month) for month in months}
        behind = stale_features(origins, self.ledger, months)
        stale = [month for month in months if anyway or month not in origins.features or month in behind]
        chosen = self.settings.features
        rows: dict[Month, int] = {}
        if stale:
            rows = build.build_features(self.lake, stale, chosen.months_per_commit, chosen.tasks or self.lake.cores())
        built = time.monotonic()
        additions = self._build_additions(origins, months if anyway else due_additions(origins, self.ledger, months))
        if stale:
            self.ledger.record(BUILD, [(m, prints[m], rows[m]) for m in stale], built - started, NoResult())
        fresh = [month for month in months if month not in stale]
        say_up_to_date(BUILD, fresh)
        return StepOutcome(BUILD, stale, fresh, time.monotonic() - started, BuiltFeatures(rows, additions))

    def _build_additions(self, origins: Origins, months: Sequence[Month]) -> dict[Month, int]:
        if not months:
            return {}
        started = time.monotonic()
        prints = {month: origins.of_additions(month) for month in months}
        rows = build.build_additions(self.lake, months, self.settings.features.tasks or self.lake.cores())
        note_seen(self.lake)  # before the ledger has them: a run that dies in between makes them, and this, again
        self.ledger.record(ADDED, [(m, prints[m], rows[m]) for m in months], time.monotonic() - started, NoResult())
        return rows
