"""The offers of a month at a glance: how many customers are offered each product, and what each rule keeps back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from santander.config.offer_rules import OBJECTION, offer_rules
from santander.lake.lake import Lake
from santander.ledger.offers import are_of_these_objections, are_of_these_rules
from santander.ledger.step_ledger import StepLedger
from santander.offers.opened import opened
from santander.offers.rule_columns import refuse_unknown_columns
from santander.schema.months import Month

OBJECTED = ("The customer objects to marketing", "El cliente se opone a la publicidad")


@dataclass(frozen=True, slots=True)
class OfferedProduct:
    """A product, the customers it is offered to, and those to whom it is offered first."""

    customers: int
    first: int


@dataclass(frozen=True, slots=True)
class KeptBack:
    """What a rule keeps back: customers, and products of these that they do not hold; no sentence where the rule is gone."""

    customers: int
    products: int
    sentence: str | None
    sentence_es: str | None


@dataclass(frozen=True, slots=True)
class MonthOffers:
    """The JSON object of ``offers``."""

    month: Month
    customers: int
    """Who is offered something."""
    offers: int
    products: Mapping[str, OfferedProduct]
    """The most offered first."""
    rules: Mapping[str, KeptBack]
    """The rule that keeps back most first."""
    out_of_date: Sequence[str]
    """What is not as it was when they were made."""


def offers_of_month(lake: Lake, month: Month) -> MonthOffers:
    """Return the offers of a month, counted. Raises InputError for a broken rule, as one with an unknown column is."""
    rules = offer_rules(lake.settings)
    if not are_of_these_rules(StepLedger(lake), month, rules):
        refuse_unknown_columns(rules)
    sentences = {rule.name: (rule.sentence, rule.sentence_es) for rule in rules} | {OBJECTION: OBJECTED}
    with opened(lake, month) as connection:
        people, offers = connection.execute("SELECT count(DISTINCT customer_id), count(*) FROM offers").fetchall()[0]
        products = connection.execute(
            "SELECT product, count(*) AS n, count_if(rank = 1) FROM offers GROUP BY product ORDER BY n DESC, product"
        ).fetchall()
        kept = connection.execute(
            "SELECT rule, count(DISTINCT customer_id), count(*) AS n FROM offer_exclusions GROUP BY rule ORDER BY n DESC, rule"
        ).fetchall()
    return MonthOffers(
        month,
        people,
        offers,
        {product: OfferedProduct(customers, first) for product, customers, first in products},
        {name: KeptBack(customers, n, *sentences.get(name, (None, None))) for name, customers, n in kept},
        out_of_date(lake, month),
    )


def out_of_date(lake: Lake, month: Month) -> list[str]:
    """Return what is not as it was when the offers of a month were made, a text each; nothing where they are up to date."""
    ledger, rules = StepLedger(lake), offer_rules(lake.settings)
    found = []
    if not are_of_these_rules(ledger, month, rules):
        found.append("the rules, the customers or the lists changed since")
    if not are_of_these_objections(ledger, month):
        found.append("customers objected, or withdrew an objection, since")
    return found
