"""The lists of a month, by the champion or by the version that was champion in time for it, and what may be offered of them."""

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from santander.config.offer_rules import OfferRule, offer_rules, rules_print
from santander.engine.memory import budget
from santander.errors import InputError
from santander.lake.person_steps import carrying_persons
from santander.ledger.offers import fingerprint_of_offers
from santander.ledger.own_families import refuse_unfit_families
from santander.ledger.step_ledger import Origins, fingerprint_of, stale_months
from santander.ledger.steps import OFFER, SCORE, OfferResult, ScoreResult
from santander.ledger.versions import version_of
from santander.models.reasons import Telling
from santander.schema.catalogue import CUSTOMERS, OFFER_EXCLUSIONS, OFFERS, RECOMMENDATIONS
from santander.schema.months import Month
from santander.scoring import batch
from santander.scoring.offer_conditions import refuse_wrong_conditions
from santander.scoring.offer_rows import Offering
from santander.suppression.objections import objections_print, objectors

if TYPE_CHECKING:
    from santander.registry.versions import VersionId
    from santander.training.candidate import Fit

from santander.pipeline.step import StepContext, StepOutcome, say_up_to_date

log = logging.getLogger(__name__)


class ScoreStep(StepContext):
    """Scores months."""

    @carrying_persons
    def score(self, month: Month, *, anyway: bool) -> StepOutcome[ScoreResult]:
        """Recommend by the champion, unless the month's recommendations were made by it from the same rows.

        Offers are made in the same pass; where rules or objections changed since, they alone are, and the lists stay.
        """
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
        rules, objections = offer_rules(self.settings), objections_print(self.lake)
        offered_of = fingerprint_of_offers(Origins(self.lake), month, chosen.run_id, families, rules)
        lists_due = anyway or last is None or last.fingerprint != fingerprint or month not in self.lake.months(RECOMMENDATIONS)
        offers_due = self.settings.offers.with_lists and (lists_due or not self._has_offers(month, offered_of, objections))
        if last and not lists_due and not offers_due:
            say_up_to_date(SCORE, [month])
            return StepOutcome(SCORE, [], [month], time.monotonic() - started, last.result)
        if offers_due:
            self.refuse_wrong_offer_rules()
        self.lake.budget.require(budget.SCORE, self.lake.rows_by_month(CUSTOMERS).get(month, 0), str(month))
        version = load_to_score(self.settings, chosen.number, f"version {chosen.number}")
        fit = version.candidate.fit_to_judge(month)
        if fit is None:
            raise InputError(
                f"version {version.number} has seen {month} or later months",
                month=month,
                hint=f"run 'santander train --month {month}' first",
            )
        offering = Offering(rules, objectors(self.settings, self.lake)) if offers_due else None
        reasons = None if offering is None else self._reasons(fit)
        scoring = batch.Scoring(fit.model, version.number, month, fit.chances, offering, reasons, lists=lists_due)
        rows = batch.score_month(self.lake, self.store, scoring)
        customers, seconds = self.lake.rows_by_month(CUSTOMERS)[month], time.monotonic() - started
        result = ScoreResult(month, customers, rows.get(RECOMMENDATIONS.name, 0), version.number, chosen.run_id, tuple(families))
        if offers_due:
            offers, kept = rows[OFFERS.name], rows[OFFER_EXCLUSIONS.name]
            offered = OfferResult(month, offers, kept, objections, self._checked_rules(rules))
            self.ledger.record(OFFER, [(month, offered_of, offers)], seconds, offered)
            log.info("offers: %s of %s may be made, %s are kept back", f"{offers:,}", month, f"{kept:,}")
        if lists_due:
            self.ledger.record(SCORE, [(month, fingerprint, result.rows)], seconds, result)
            log.info("score: %s customers of %s have their lists from version %s", f"{customers:,}", month, version.number)
        return StepOutcome(SCORE, [month], [], seconds, result if lists_due or last is None else last.result)

    def _reasons(self, fit: "Fit") -> Telling | None:
        """Return which reasons offers are to have; None where they are off or the version has none."""
        wanted = self.settings.reasons
        reasoner = fit.chances.reasoner(fit.model) if wanted.in_offers and fit.chances is not None else None
        if wanted.in_offers and reasoner is None:
            log.warning("offers have no reasons: the version that scores has none (docs/reasons.md)")
        return None if reasoner is None else Telling(reasoner, wanted.most, wanted.least)

    def refuse_wrong_offer_rules(self) -> None:
        """Refuse a rule of offers that the engine cannot ask of a customer's row; rules that have run in this folder pass."""
        if not self.settings.offers.with_lists:
            return
        rules = offer_rules(self.settings)
        checked = self._checked_rules(rules)
        if all(run.result.checked != checked for run in self.ledger.runs_of(OFFER)):
            refuse_wrong_conditions(self.lake, rules)

    def _has_offers(self, month: Month, fingerprint: str, objections: str) -> bool:
        last = self.ledger.last(OFFER, month)
        return (
            last is not None
            and last.fingerprint == fingerprint
            and last.result.objections == objections
            and (not last.rows or month in self.lake.months(OFFERS))
        )

    def _checked_rules(self, rules: Sequence[OfferRule]) -> str:
        return fingerprint_of(rules=rules_print(rules), version=version_of(OFFER.name), embedded=self.settings.is_embedded)

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
