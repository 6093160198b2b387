"""Models of any kind as folders, and the kinds by name.

``kind.json`` says the kind and what the model was fitted on, products and features; it is no part of the model's fingerprint.
"""

import json
from pathlib import Path

from santander.errors import InputError, did_you_mean
from santander.models.fitted_on import definitions, refuse_other_features, refuse_other_products
from santander.models.recommender import Recommender
from santander.schema.products import PRODUCT_NAMES

KINDS: dict[str, type[Recommender]] = {}
"""Every kind by the name that a recipe uses; ``kinds.py`` registers those that ship."""
_FILE = "kind.json"


def register(*kinds: type[Recommender]) -> None:
    """Make kinds known under their names."""
    KINDS.update({kind.kind: kind for kind in kinds})


def kind_named(name: str) -> type[Recommender]:
    """The class of a kind; raises InputError for an unknown name."""
    if name not in KINDS:
        raise InputError(f"'{name}' is not a kind of model", example=name, hint=did_you_mean(name, sorted(KINDS)))
    return KINDS[name]


def save_recommender(model: Recommender, folder: Path) -> None:
    """Write a model of any kind to a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"kind": model.kind, "products": PRODUCT_NAMES, "features": definitions(model.feature_names, model.families)}
    (folder / _FILE).write_text(json.dumps(facts, indent=1))
    model.save(folder)


def load_recommender(folder: Path) -> Recommender:
    """Read a model of any kind; raises ChangedProducts or ChangedFeatures for one fitted on what this code does not have."""
    facts = json.loads((folder / _FILE).read_text())
    what = f"the model in {folder}"
    refuse_other_products(facts.get("products", PRODUCT_NAMES), what)
    refuse_other_features(facts.get("features", {}), what)
    return kind_named(facts["kind"]).load(folder)
