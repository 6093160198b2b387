"""What a saved model was fitted on, products and features by their definitions, compared with those of this code.

A model is refused only where it would be given something else than it learned from; other features may come and go (ADR 41).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from santander.errors import SantanderError
from santander.models.family_columns import Families, FeatureFacts
from santander.schema.features import FEATURES, Feature
from santander.schema.products import PRODUCT_NAMES

_BY_NAME = {feature.name: feature for feature in FEATURES}


class ChangedProducts(SantanderError):
    """Something was made with another catalogue of products than this code has."""

    def __init__(self, what: str, products: Iterable[str], remedy: str) -> None:
        super().__init__(f"{what} was made with other products than this code has ({_difference(list(products))})", hint=remedy)


class ChangedFeatures(SantanderError):
    """A saved model was fitted on a feature that is gone or means something else now."""


def refuse_other_products(products: Iterable[str], what: str) -> None:
    """Raise ChangedProducts, which names the difference, unless these are the products of this code in its order."""
    named = tuple(products)
    if named != PRODUCT_NAMES:
        raise ChangedProducts(what, named, "use the version of the code that made it, or train again")


def definitions(features: Iterable[str], families: Families | None = None) -> dict[str, dict[str, Any]]:
    """Type, legal range and meaning of these features by name, as a saved model keeps them; of a family its name and entity."""
    own = {name: each for family, facts in (families or {}).items() for name, each in facts.definitions(family).items()}
    return {name: own[name] if name in own else _definition(_BY_NAME[name]) for name in features}


def refuse_other_features(fitted: Mapping[str, Mapping[str, Any]], what: str) -> None:
    """Raise ChangedFeatures for the first of these definitions that this code does not have, or has otherwise.

    Features of a user's families are not of this code: ``refuse_other_families`` compares them where their files are.
    """
    for name, then in fitted.items():
        if "family" in then:
            continue
        feature = _BY_NAME.get(name)
        if feature is None:
            raise ChangedFeatures(f"{what} was fitted on the feature '{name}', which this code no longer makes: train again")
        now, same_words = _definition(feature), then.get("meaning") in feature.formerly
        _refuse_difference(name, {**then, "meaning": now["meaning"]} if same_words else then, now, what)


def refuse_other_families(fitted: Families, declared: Families, what: str) -> None:
    """Raise ChangedFeatures for the first feature that a family has no longer or otherwise; a family without a file passes."""
    for family in (name for name in fitted if name in declared):
        now = declared[family].definitions(family)
        for name, then in fitted[family].definitions(family).items():
            if name not in now:
                raise ChangedFeatures(
                    f"{what} was fitted on the feature '{name}', which the family {family} no longer declares: train again"
                )
            _refuse_difference(name, then, now[name], what)


def _refuse_difference(name: str, then: Mapping[str, Any], now: Mapping[str, Any], what: str) -> None:
    if differing := [key for key in now if then.get(key) != now[key]]:
        changes = "; ".join(f"{key} was {then.get(key)}, is {now[key]}" for key in differing)
        raise ChangedFeatures(
            f"{what} was fitted on the feature '{name}', which means something else now ({changes}): train again"
        )


def _definition(feature: Feature) -> dict[str, Any]:
    return FeatureFacts.of(feature).model_dump(mode="json")


def _difference(products: list[str]) -> str:
    """The first difference between these products and the catalogue, in a few words."""
    if gone := [name for name in products if name not in PRODUCT_NAMES]:
        return f"it has {gone[0]}, which is no product here"
    if new := [name for name in PRODUCT_NAMES if name not in products]:
        return f"it lacks {new[0]}"
    bit, (was, now) = next((i, pair) for i, pair in enumerate(zip(products, PRODUCT_NAMES, strict=False)) if pair[0] != pair[1])
    return f"bit {bit} was {was}, is {now}"
