"""The kinds of models there are, by the name a recipe uses."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from santander.errors import InputError
from santander.models.blend import Blend
from santander.models.boosted_trees import BoostedTrees
from santander.models.light_trees import LightTrees
from santander.models.per_product_trees import PerProductTrees
from santander.models.popularity import Popularity
from santander.models.recommender import KindSettings, Recommender
from santander.models.sklearn_classifier import SklearnClassifier

KINDS: dict[str, type[Recommender]] = {
    kind.kind: kind for kind in (Popularity, BoostedTrees, PerProductTrees, LightTrees, SklearnClassifier, Blend)
}
_FILE = "kind.json"


def kind_named(name: str) -> type[Recommender]:
    """The class of a kind; raises InputError for a name that is none."""
    if name not in KINDS:
        raise InputError(f"'{name}' is not a kind of model: there are {', '.join(sorted(KINDS))}")
    return KINDS[name]


def settings_of(kind: type[Recommender], values: dict[str, Any]) -> KindSettings:
    """Checked settings of a kind; raises InputError that names each wrong one."""
    try:
        return kind.settings_type(**values)
    except ValidationError as error:
        wrong = "; ".join(": ".join([*filter(None, [".".join(map(str, e["loc"]))]), e["msg"]]) for e in error.errors())
        raise InputError(f"settings of the kind '{kind.kind}': {wrong}") from None


def save_recommender(model: Recommender, folder: Path) -> None:
    """Write a model of any kind to a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_text(json.dumps({"kind": model.kind}))
    model.save(folder)


def load_recommender(folder: Path) -> Recommender:
    """Read a model of any kind from a folder that ``save_recommender`` wrote."""
    return kind_named(json.loads((folder / _FILE).read_text())["kind"]).load(folder)
