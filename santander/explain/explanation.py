"""An explanation: what one customer held, is recommended, and why; what is left out, and by which rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from santander.schema.months import Month
from santander.schema.product_names import Language, called
from santander.schema.products import PRODUCT_NAMES, PRODUCTS
from santander.schema.reason_texts import TEXTS
from santander.schema.records import Unwritten


@dataclass(frozen=True, slots=True)
class ReasonTold:
    """A reason in words; ``contribution`` is what it adds to what is explained (docs/reasons.md)."""

    family: str
    contribution: float
    text: str


@dataclass(frozen=True, slots=True)
class ProductExplained:
    """A product: its place in the list, None for one that is not in it."""

    product: str
    rank: int | None
    score: float | None
    chance: float | None
    reasons: Sequence[ReasonTold]
    base: float | None = None
    """What is explained on average, of those who may add the product."""
    rest: float | None = None
    """All reasons that are not told, together: base, contributions and rest sum to what is explained."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A product that must not be offered to the customer, and the rule that says so."""

    product: str
    rule: str
    text: str
    """The rule's sentence for people; its name where no file has the rule any more."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is told of one customer in one month."""

    customer_id: int
    month: Month
    model_version: int
    products: Sequence[ProductExplained]
    excluded: Sequence[Excluded]
    held: Mapping[str, Sequence[str]]
    """The products held in each month before that is known."""
    note: str | None
    """Why there are no reasons; None where there are."""
    language: Unwritten[Language] = Language.ENGLISH

    def label(self, text: str, **figures: object) -> str:
        """Return a text of the one table in the language of the explanation."""
        return TEXTS[text][self.language].format(**figures)

    def called(self, product: str) -> str:
        """Return what people call a product."""
        return called(PRODUCTS[PRODUCT_NAMES.index(product)], self.language)

    def chance(self, chance: float | None) -> str:
        """Return a chance in per cent."""
        if chance is None:
            return self.label("chance_unknown")
        text = "< 0.01" if chance < 0.0001 else "> 99" if chance > 0.99 else f"{100 * chance:.3g}"
        return self.label("chance", n=text if self.language is Language.ENGLISH else text.replace(".", ","))

    def kept_back(self) -> dict[str, str]:
        """Return for the sentence of each rule what it keeps from the customer, as people call it."""
        by_rule: dict[str, list[str]] = {}
        for each in self.excluded:
            by_rule.setdefault(each.text, []).append(self.called(each.product))
        return {text: ", ".join(products) for text, products in by_rule.items()}

    def history(self) -> list[tuple[str, list[str]]]:
        """Return each product held in the months before: its name, and for each month whether it was held, and opened in it."""
        months = [set(held) for held in self.held.values()]
        rows = []
        for product in PRODUCTS:
            holds = [product.name in held for held in months]
            if any(holds):
                first = [self.label("mark_held") if holds[0] else ""]
                later = [
                    "" if not now else self.label("mark_held" if before else "mark_opened") for before, now in pairwise(holds)
                ]
                rows.append((self.called(product.name), first + later))
        return rows
