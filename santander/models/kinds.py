"""The kinds of models that ship: a new one is a file of its own and a name in this list."""

from typing import Any

from pydantic import ValidationError

from santander.errors import InputError
from santander.models.blend import Blend
from santander.models.boosted_trees import BoostedTrees
from santander.models.light_trees import LightTrees
from santander.models.per_product_trees import PerProductTrees
from santander.models.popularity import Popularity
from santander.models.recommender import KindSettings, Recommender
from santander.models.saving import KINDS, kind_named, load_recommender, register, save_recommender
from santander.models.sklearn_classifier import SklearnClassifier

__all__ = ["KINDS", "kind_named", "load_recommender", "save_recommender", "settings_of"]

register(
    Popularity,
    BoostedTrees,
    PerProductTrees,
    LightTrees,
    SklearnClassifier,
    Blend,
)


def settings_of(kind: type[Recommender], values: dict[str, Any]) -> KindSettings:
    """Checked settings of a kind; raises InputError that names each wrong one."""
    try:
        return kind.settings_type(**values)
    except ValidationError as error:
        wrong = "; ".join(
            ": ".join([*filter(None, [".".join(map(str, e["loc"]))]), e["msg"].removeprefix("Value error, ")])
            for e in error.errors()
        )
        raise InputError(f"settings of the kind '{kind.kind}': {wrong}") from None
