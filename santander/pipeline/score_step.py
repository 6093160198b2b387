"""The lists of a month, by the champion or by the version that was champion in time for it."""

import logging
import time
from typing import TYPE_CHECKING

from santander.engine.memory import budget
from santander.errors import InputError
from santander.lake.person_steps import carrying_persons
from santander.ledger.own_families import refuse_unfit_families
from santander.ledger.step_ledger import Origins, stale_months
from santander.ledger.steps import SCORE, ScoreResult
from santander.schema.catalogue import CUSTOMERS, RECOMMENDATIONS
from santander.schema.months import Month
from santander.scoring import batch

if TYPE_CHECKING:
    from santander.registry.versions import VersionId

from santander.pipeline.step import StepContext, StepOutcome, say_up_to_date

log = logging.getLogger(__name__)


class ScoreStep(StepContext):
    """Scores months."""

    @carrying_persons
    def score(self, month: Month, *, anyway: bool) -> StepOutcome[ScoreResult]:
        """Recommend by the champion, unless the month's recommendations were made by it from the same rows."""
        from santander.registry.champion import version_for
        from santander.registry.versions import families_of, load_to_score

        started = time.monotonic()
        self.lake.require_customers([month])
        self.refuse_stale_features([month])
        chosen = version_for(self.settings, month)
        families = sorted(families_of(self.settings, chosen.number))
        refuse_unfit_families(self.lake, families, [month])
        fingerprint = Origins(self.lake).of_recommendations(month, chosen.run_id, families)
        last = self.ledger.last(SCORE, month)
        if not anyway and last and last.fingerprint == fingerprint and month in self.lake.months(RECOMMENDATIONS):
            say_up_to_date(SCORE, [month])
            return StepOutcome(SCORE, [], [month], time.monotonic() - started, last.result)
        self.lake.budget.require(budget.SCORE, self.lake.rows_by_month(CUSTOMERS).get(month, 0), str(month))
        version = load_to_score(self.settings, chosen.number, f"version {chosen.number}")
        fit = version.candidate.fit_to_judge(month)
        if fit is None:
            raise InputError(
                f"version {version.number} has seen {month} or later months",
                month=month,
                hint=f"run 'santander train --month {month}' first",
            )
        rows = batch.score_month(self.lake, self.store, fit.model, version.number, month, fit.chances)
        customers = self.lake.rows_by_month(CUSTOMERS)[month]
        result = ScoreResult(month, customers, rows, version.number, chosen.run_id, tuple(families))
        self.ledger.record(SCORE, [(month, fingerprint, rows)], time.monotonic() - started, result)
        log.info("score: %s customers of %s have their lists from version %s", f"{customers:,}", month, version.number)
        return StepOutcome(SCORE, [month], [], time.monotonic() - started, result)

    def stale_scores(self) -> list[Month]:
        """Scored months whose recommendations a later correction has put out of date."""
        return stale_months(self.lake, self.ledger)[RECOMMENDATIONS.name]

    def scored_by(self, month: Month) -> "VersionId":
        """The version whose lists the month's recommendations are; raises InputError where no run of ours says so."""
        from santander.registry.versions import VersionId

        scored = self.ledger.last(SCORE, month)
        if scored is None or scored.result.model_version is None or scored.result.run_id is None:
            raise InputError(
                f"no model is known to have scored {month}", month=month, hint=f"run 'santander score --month {month}' first"
            )
        return VersionId(scored.result.model_version, scored.result.run_id)
