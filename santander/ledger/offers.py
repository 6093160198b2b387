"""Which months of offers are up to date: made of the lists' inputs, by the rules and objections there are now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from santander.config.offer_rules import OfferRule, offer_rules, rules_print
from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.ledger.step_ledger import Origins, StepLedger, fingerprint_of
from santander.ledger.steps import OFFER, SCORE
from santander.ledger.versions import version_of
from santander.schema.catalogue import OFFERS
from santander.schema.months import Month
from santander.suppression.objections import objections_print


def fingerprint_of_offers(
    origins: Origins, month: Month, run_id: str | None, families: Collection[str], rules: Sequence[OfferRule]
) -> str:
    """Return the fingerprint of a month's offers: what its lists are made of, the rules, and which reasons are told.

    Objections are told apart.
    """
    settings = origins.lake.settings
    return fingerprint_of(
        version=version_of(OFFER.name),
        lists=origins.of_recommendations(month, run_id, families),
        rules=rules_print(rules),
        **({"reasons": settings.reasons.model_dump()} if settings.reasons.in_offers else {}),
    )


def are_of_these_rules(ledger: StepLedger, month: Month, rules: Sequence[OfferRule]) -> bool:
    """Whether the offers of a month were made by these rules, of the rows and by the model that its lists are of now."""
    made, scored = ledger.last(OFFER, month), ledger.last(SCORE, month)
    if made is None or scored is None:
        return False
    result = scored.result
    return made.fingerprint == fingerprint_of_offers(Origins(ledger.lake), month, result.run_id, result.families, rules)


def are_of_these_objections(ledger: StepLedger, month: Month) -> bool:
    """Whether nobody objected, or withdrew an objection, since the offers of a month were made."""
    made = ledger.last(OFFER, month)
    return made is not None and made.result.objections == objections_print(ledger.lake)


@dataclass(frozen=True, slots=True)
class OffersStanding:
    """What is out of date of the offers that are there."""

    stale: Sequence[Month]
    """The last month with offers, where ``run`` would make them anew. Those of earlier months are what was offered then."""
    problem: str | None = None
    """What keeps the rules from being read."""

    @classmethod
    def look(cls, settings: Settings, lake: Lake, ledger: StepLedger) -> "OffersStanding":
        """Find it by commits alone; a broken rule is told and stops nothing."""
        months = lake.months(OFFERS)[-1:] if settings.offers.with_lists else []
        try:
            rules = offer_rules(settings)
        except InputError as error:
            return cls(months, str(error))
        current = [month for month in months if are_of_these_rules(ledger, month, rules)]
        current = [month for month in current if are_of_these_objections(ledger, month)]
        return cls([month for month in months if month not in current])

    def lines(self) -> list[str]:
        """Return for people what is wrong."""
        return [f"nothing can be offered: {self.problem}"] if self.problem is not None else []
