"""Sentences of reasons from a customer's own row of features; the texts stand in ``schema/reason_texts.py``."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from santander.features.expansion import LAGS, product_figure
from santander.schema.columns import PROVINCES
from santander.schema.own_family import OwnFamily
from santander.schema.product_names import Language, some
from santander.schema.products import PRODUCTS, Product
from santander.schema.reason_families import REASON_OF, ReasonFamily
from santander.schema.reason_texts import MONTH_NAMES, TEXTS

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Sentences:
    """Sentences on one customer: ``row`` has the features by name, None where unknown; ``families`` are the user's."""

    row: Mapping[str, Any]
    language: Language
    families: Mapping[str, OwnFamily]

    def of(self, reason: str, columns: Sequence[str]) -> str:
        """Return the sentence of a reason; ``columns`` are its columns, that which does most of it first."""
        if reason in self.families:
            return self._own(self.families[reason])
        if reason == ReasonFamily.GROUP or not columns:
            return self._group()
        column = columns[0]
        if (figure := product_figure(column)) is not None:
            return self._product(PRODUCTS[figure.bit])
        if column in _SAYINGS:
            return _SAYINGS[column](self)
        if column in REASON_OF:
            return self._group()
        return f"{column.replace('_', ' ')}: {self.figure(self.row.get(column))}"  # of a family whose file is gone

    def say(self, text: str, **figures: Any) -> str:
        """Return a text of the table with figures in it."""
        return TEXTS[text][self.language].format(**figures)

    def number(self, value: float) -> str:
        """Return a whole number as the language writes it."""
        text = f"{value:,.0f}"
        return text if self.language is Language.ENGLISH else text.replace(",", ".")

    def figure(self, value: Any) -> str:
        """Return any value of a feature: yes, no, a number, not known."""
        if value is None:
            return self.say("unknown")
        if isinstance(value, bool):
            return self.say("yes" if value else "no")
        if isinstance(value, int) or float(value).is_integer():
            return self.number(value)
        text = f"{value:.4g}"
        return text if self.language is Language.ENGLISH else text.replace(".", ",")

    def flag(self, feature: str, yes: str, no: str, unknown: str) -> str:
        """Return the text for a feature that is true, false or unknown."""
        value = self.row.get(feature)
        return self.say(unknown if value is None else yes if value else no)

    def code(self, feature: str, length: int = 1) -> str | None:
        """Return a code as the landing files write it, from the number that it is as a feature."""
        value = self.row.get(feature)
        if value is None:
            return None
        digits = ""
        while value:
            value, digit = divmod(int(value), 36)
            digits = _DIGITS[digit] + digits
        return digits.rjust(length, "0")

    def _own(self, family: OwnFamily) -> str:
        spanish = family.reason_es if self.language is Language.SPANISH else None
        text = spanish or family.reason
        return family.meaning if text is None else _BRACES.sub(lambda name: self.figure(self.row.get(name[1])), text)

    def _group(self) -> str:
        age, segment, active = (self.row.get(name) for name in ("age", "segment", "is_active"))
        parts = [] if age is None else [self.say("age", n=age)]
        parts += [self.say(f"segment_{segment}")] if f"segment_{segment}" in TEXTS else []
        parts += [] if active is None else [self.say("active" if active else "inactive")]
        return ", ".join(parts) or self.say("group_unknown")

    def _product(self, product: Product) -> str:
        """Return what the months before tell of a product: held, not held, opened, given up."""
        known = [(lag, bool(mask & product.mask)) for lag in LAGS if (mask := self.row.get(f"holdings_lag_{lag}")) is not None]
        named, held = some(product, self.language), [lag for lag, holds in known if holds]
        if not known:
            return self.say("nothing_known")
        if not held:
            return self.say("not_held", some=named, n=len(known))
        if held[0] > known[0][0]:
            return self.say("gave_up", some=named, k=len(held), n=len(known), when=self.say("months_before", n=held[0]))
        if len(held) == 1 and len(known) > 1:
            return self.say("opened", some=named, when=self.when(held[0]))
        return self.say("held", some=named, k=len(held), n=len(known))

    def when(self, lag: int) -> str:
        """Return how many months before."""
        return self.say("the_month_before") if lag == 1 else self.say("months_before", n=lag)

    def products(self, number: int) -> str:
        """Return a number of products."""
        return self.say("no_product" if not number else "one_product" if number == 1 else "products", n=number)

    def span(self, months: int) -> str:
        """Return a number of months as years and months."""
        years, rest = divmod(months, 12)
        parts = [self.say("year" if years == 1 else "years", n=years)] if years else []
        parts += [self.say("month" if rest == 1 else "months", n=rest)] if rest else []
        return self.say("and").join(parts)


def _income(told: Sentences) -> str:
    imputed = told.row.get("income_imputed")
    return told.say("income_imputed" if imputed else "income", n=told.number(told.row.get("household_income") or 0))


def _tenure(told: Sentences) -> str:
    months = told.row.get("seniority_months")
    if months is None:
        return told.say("tenure_unknown")
    return told.say("tenure", span=told.span(months)) if months else told.say("tenure_new")


def _channel(told: Sentences) -> str:
    code = told.code("channel", 3)
    return told.say("channel_unknown") if code is None else told.say("channel", code=code)


def _products_held(told: Sentences) -> str:
    held = told.row.get("products_held")
    return told.say("held_unknown" if held is None else {0: "held_none", 1: "held_one"}.get(held, "held_many"), n=held)


def _season(told: Sentences) -> str:
    return told.say("season", month=MONTH_NAMES[told.language][told.row["month_of_year"] - 1])


def _moves(told: Sentences) -> str:
    opened, given_up = told.row.get("additions"), told.row.get("closures")
    if opened is None or given_up is None:
        return told.say("nothing_known")
    if not opened and not given_up:
        return told.say("moves_none")
    return told.say("moves", opened=told.products(opened), given_up=told.products(given_up))


def _coded(feature: str, stem: str) -> Callable[[Sentences], str]:
    return lambda told: told.say(f"{stem}_{told.code(feature) or 'unknown'}")


def _province(told: Sentences) -> str:
    code = told.row.get("province_code")
    if code is None:
        return told.say("province_unknown")
    name, _, article = PROVINCES[code].partition(", ")
    return told.say("province", name=f"{article} {name}".strip().title())


def _country(told: Sentences) -> str:
    code = told.code("country", 2)
    return told.say("country_unknown") if code is None else told.say("country", name=code)


_SAYINGS: Mapping[str, Callable[[Sentences], str]] = {
    **dict.fromkeys(("household_income", "income_imputed"), _income),
    **dict.fromkeys(("seniority_months", "is_new", "months_known"), _tenure),
    "channel": _channel,
    **dict.fromkeys(("products_held", "continuations"), _products_held),
    **dict.fromkeys(("additions", "closures"), _moves),
    **dict.fromkeys(("month_of_year", "season_sine", "season_cosine"), _season),
    "is_woman": lambda told: told.flag("is_woman", "woman", "man", "sex_unknown"),
    "employment_status": _coded("employment_status", "employee"),
    "relation_kind": _coded("relation_kind", "relation"),
    "left_during_month": lambda told: told.flag("left_during_month", "left", "not_left", "unknown"),
    "is_deceased": lambda told: told.flag("is_deceased", "deceased", "not_deceased", "unknown"),
    "province_code": _province,
    "country": _country,
    "is_resident": lambda told: told.flag("is_resident", "resident", "not_resident", "residence_unknown"),
    "is_foreign_born": lambda told: told.flag("is_foreign_born", "foreign_born", "not_foreign_born", "residence_unknown"),
}
"""By column, where one alone tells of a reason."""
