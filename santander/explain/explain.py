"""Explain the list of one customer, from the tables of the month and the version that made the list; no engine is started."""

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from santander.config.family_files import own_families
from santander.config.offer_rules import OBJECTION, offer_rules
from santander.errors import InputError, did_you_mean
from santander.explain.explanation import Excluded, Explanation, ProductExplained, ReasonTold
from santander.explain.reading import rows_of
from santander.explain.sentences import Sentences
from santander.features.expansion import LAGS
from santander.lake.family_tables import named_table
from santander.lake.lake import Lake
from santander.models.family_columns import Families
from santander.models.lean import without
from santander.models.reasons import Reason
from santander.registry.champion import sound_champion
from santander.registry.versions import load_to_score
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, OBJECTIONS, OFFER_EXCLUSIONS, RECOMMENDATIONS
from santander.schema.months import Month, in_spans
from santander.schema.product_names import Language
from santander.schema.products import PRODUCT_NAMES, PRODUCTS
from santander.schema.reason_texts import TEXTS
from santander.schema.types import arrow_type
from santander.suppression.objections import objectors
from santander.suppression.suppression_list import suppression_list

if TYPE_CHECKING:
    import pyarrow as pa

    from santander.config.settings import Settings
    from santander.training.candidate import Fit

OWNED = "the customer holds it, and what is held is never recommended"


def explain(settings: "Settings", customer: int, month: Month | None, product: str | None, language: Language) -> Explanation:
    """Return why a customer is recommended what; with ``product`` that one alone, whether it is in the list or not.

    Raises InputError for an unknown product, a month without lists, a customer who was erased or has no row in the month, and
    NoChampion where nothing was ever scored.
    """
    if product is not None and product not in PRODUCT_NAMES:
        raise InputError(f"there is no product '{product}'", example=product, hint=did_you_mean(product, PRODUCT_NAMES))
    lake = Lake(settings)
    month = _month(settings, lake, month)
    row = _features(lake, month, customer)
    listed = rows_of(lake, RECOMMENDATIONS, month, "customer_id", customer)
    lists = [] if listed is None else sorted(listed.to_pylist(), key=lambda each: each["rank"])
    version = lists[0]["model_version"] if lists else sound_champion(settings)
    # with scikit-learn, for which it has estimators, xgboost takes 3.6 s of a processor to import, else 0.5
    with without("sklearn"):
        importlib.import_module("xgboost")
    fit = load_to_score(settings, version, f"version {version}").candidate.scoring
    row = _with_families(lake, month, row, fit.model.families)
    if product is not None and row["owned"][0].as_py() & PRODUCTS[PRODUCT_NAMES.index(product)].mask:
        raise InputError(f"{product}: {OWNED}", example=product, hint="name another product")
    wanted = [each["product"] for each in lists] if product is None else [product]
    told = _Told(fit, month, row, Sentences(row.to_pylist()[0], language, {family.name: family for family in own_families()}))
    ranks = {each["product"]: each for each in lists}
    return Explanation(
        customer_id=customer,
        month=month,
        model_version=version,
        products=[told.product(name, ranks.get(name), settings.reasons.most, settings.reasons.least) for name in wanted],
        excluded=_excluded(settings, lake, month, row, language),
        held=_held(row, month),
        note=told.note,
        language=language,
    )


def _month(settings: "Settings", lake: Lake, month: Month | None) -> Month:
    there = lake.months(RECOMMENDATIONS)
    if not there:
        sound_champion(settings)
        raise InputError("there are no recommendations yet", hint="run 'santander score' first")
    if month is not None and month not in there:
        if month in lake.months(CUSTOMERS):
            hint = f"run 'santander score --month {month}' first (those there are: {in_spans(there)})"
        else:
            hint = f"there are no customers of it; months with recommendations: {in_spans(there)}"
        raise InputError(f"no recommendations for {month}", month=month, hint=hint)
    return month or there[-1]


def _features(lake: Lake, month: Month, customer: int) -> "pa.Table":
    rows = rows_of(lake, FEATURES_TABLE, month, "customer_id", customer)
    if rows is not None:
        return rows
    if suppression_list(lake.settings, lake).among([customer]):
        raise InputError(f"customer {customer} was erased", example=str(customer), hint="nothing is kept of who was erased")
    raise InputError(f"there is no customer {customer} in {month}", month=month, example=str(customer), hint="check the number")


def _with_families(lake: Lake, month: Month, row: "pa.Table", families: Families) -> "pa.Table":
    """Return the row with the features of the user's families that the model reads, null where a table has none."""
    import pyarrow as pa

    who = rows_of(lake, CUSTOMERS, month, "customer_id", row["customer_id"][0].as_py()) if families else None
    for name, facts in families.items():
        table, key = named_table(name), None if who is None else who[facts.entity][0].as_py()
        found = None if key is None else rows_of(lake, table, month, facts.entity, key)
        for feature, declared in facts.features.items():
            value = None if found is None else found[feature][0].as_py()
            row = row.append_column(feature, pa.array([value], arrow_type(declared.type)))
    return row


def _excluded(settings: "Settings", lake: Lake, month: Month, row: "pa.Table", language: Language) -> list[Excluded]:
    """Return what must not be offered: by the month's table, and everything where the customer has objected since."""
    customer, owned = row["customer_id"][0].as_py(), row["owned"][0].as_py()
    found = rows_of(lake, OFFER_EXCLUSIONS, month, "customer_id", customer)
    kept = [] if found is None else [(each["product"], each["rule"]) for each in found.to_pylist()]
    if lake.exists(OBJECTIONS) and objectors(settings, lake).among([customer]):
        kept += [(product.name, OBJECTION) for product in PRODUCTS if not owned & product.mask]
    spanish = language is Language.SPANISH
    texts = {rule.name: rule.sentence_es if spanish else rule.sentence for rule in offer_rules(settings)}
    texts[OBJECTION] = TEXTS[OBJECTION][language]
    return [Excluded(product, rule, texts.get(rule, rule)) for product, rule in dict.fromkeys(kept)]


def _held(row: "pa.Table", month: Month) -> Mapping[str, Sequence[str]]:
    """Return the products held in each month before that is known, the earliest first."""
    masks = {month - lag: row[f"holdings_lag_{lag}"][0].as_py() for lag in reversed(LAGS)}
    return {
        str(each): [product.name for product in PRODUCTS if mask & product.mask]
        for each, mask in masks.items()
        if mask is not None
    }


class _Told:
    """What a fit tells of one customer."""

    def __init__(self, fit: "Fit", month: Month, row: "pa.Table", sentences: Sentences) -> None:
        self._sentences = sentences
        self._scores = fit.model.score(row)
        self._chances = None if fit.chances is None else fit.chances.at(month).of(fit.model, row, self._scores)
        reasoner = None if fit.chances is None else fit.chances.reasoner(fit.model)
        self._means = None if reasoner is None else reasoner.means
        self._reasons = None if reasoner is None else reasoner.of_customer(row)
        self.note = None if reasoner is not None else _no_reasons(fit, row, sentences.language)

    def product(self, name: str, listed: Mapping[str, Any] | None, most: int, least: float) -> ProductExplained:
        """Return what is told of a product; ``listed`` is its row of the recommendations, where it is in the list."""
        bit = PRODUCT_NAMES.index(name)
        if listed is None:
            chance = None if self._chances is None else float(self._chances[0, bit])
            listed = {"rank": None, "score": float(self._scores[0, bit]), "chance": chance}
        found = [] if self._reasons is None else self._reasons[bit]
        told = [each for each in found[:most] if abs(each.contribution) >= least]
        base = None if not found or self._means is None else float(self._means.explained[bit])
        return ProductExplained(
            product=name,
            rank=listed["rank"],
            score=None if listed["score"] is None or np.isnan(listed["score"]) else listed["score"],
            chance=listed["chance"],
            reasons=[self._told(each) for each in told],
            base=base,
            rest=None if base is None else sum(each.contribution for each in found) - sum(each.contribution for each in told),
        )

    def _told(self, reason: Reason) -> ReasonTold:
        text = self._sentences.of(reason.family, reason.columns)
        return ReasonTold(reason.family, reason.contribution, text)


def _no_reasons(fit: "Fit", row: "pa.Table", language: Language) -> str:
    if fit.model.contributions(row) is None:
        return TEXTS["kind_without"][language].format(kind=fit.model.kind)
    return TEXTS["version_without"][language]
