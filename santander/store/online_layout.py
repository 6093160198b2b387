"""How values lie that are online now: the declared features, then those of the families that were packed with them."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from santander.config.family_files import own_family
from santander.schema.features import FEATURES
from santander.storage.places import whole_file
from santander.store.packing import Layout, PackedFeature

_FILE = "online_families.json"
"""Beside the registry: for each family its features and their types; without it there are none."""


def layout_with(families: Collection[str]) -> Layout:
    """Return the layout of the declared features and of these families, as their files declare them."""
    own = [feature for family in map(own_family, sorted(families)) for feature in family.features]
    return Layout((*FEATURES, *own))


def remember_layout(online_store: Any, layout: Layout) -> None:
    """Note how values are packed from now on, for who reads them in other processes."""
    own = [[feature.name, feature.type] for feature in layout.features[len(FEATURES) :]]
    with whole_file(_file(online_store)) as out:
        out.write(json.dumps(own).encode())


def layout_online(online_store: Any) -> Layout:
    """Return how the values lie that an online store with this configuration holds."""
    file = _file(online_store)
    own = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    return Layout((*FEATURES, *(PackedFeature(name, type_) for name, type_ in own)))


def _file(online_store: Any) -> Path:
    return Path(online_store.state_folder) / _FILE
