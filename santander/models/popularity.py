"""The baseline: what customers alike in age, segment and activity added most. Also the first champion, and a kind of model."""

import json
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from santander.errors import TooLittleData
from santander.features.expansion import Features, bits_of
from santander.models.classes import require_additions, span_of
from santander.models.contributions import GROUP, Contributions
from santander.models.fitted_on import refuse_other_products
from santander.models.groups import GROUP_FEATURES, N_GROUPS, SHAPE, groups_of, name_of, place_of
from santander.models.progress import Progress, no_progress
from santander.models.ranking import Prior, Scores
from santander.models.recommender import KindSettings, Recommender, in_declared_order
from santander.models.training_set import TrainingData
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

_FILE = "popularity.json"

_LEAST = np.float32(1e-9)
"""Stands for a share of 0, whose logarithm is no number."""

Counts = npt.NDArray[np.int64]


class PopularitySettings(KindSettings):
    """A group of fewer customer-months than ``min_group`` falls back to its segment, then to all customers."""

    min_group: int = 500


class Popularity(Recommender):
    """Shares of customers who added each product, within age band x segment x activity."""

    kind: ClassVar[str] = "popularity"
    settings_type: ClassVar[type[KindSettings]] = PopularitySettings

    def __init__(self, settings: PopularitySettings, customers: Counts, additions: Counts) -> None:
        """``customers`` (7 x 4 x 3) counts customer-months per group, ``additions`` (7 x 4 x 3 x 24) what they added."""
        self.settings = settings
        self._customers, self._additions = customers, additions
        self.prior: Prior = additions.sum(axis=(0, 1, 2)) / max(int(customers.sum()), 1)
        self._shares = _shares_with_fallback(customers, additions, settings.min_group)

    @property
    def customers(self) -> int:
        """Customer-months of the fit."""
        return int(self._customers.sum())

    @property
    def additions(self) -> int:
        """Additions of the fit."""
        return int(self._additions.sum())

    @classmethod
    def fit(
        cls,
        settings: PopularitySettings,
        training: TrainingData,
        validation: TrainingData | None = None,  # noqa: ARG003  (nothing to stop)
        progress: Progress = no_progress,
    ) -> Self:
        """Count customers and additions per group; the weights of months do not matter here."""
        number = training.population["customers"].to_numpy()
        if not number.sum():
            raise TooLittleData(
                f"{span_of(training.weights)}: no customer has a row in two months that follow each other",
                hint="ingest more months",
            )
        require_additions(training.counts(), training.weights)
        group = groups_of(training.population)
        customers = np.bincount(group, weights=number, minlength=N_GROUPS).astype(np.int64)
        additions = np.zeros((N_GROUPS, N_PRODUCTS), dtype=np.int64)
        np.add.at(additions, group, bits_of(training.population["added"].to_numpy()) * number[:, None])
        progress(1, 1, None)
        return cls(settings, customers.reshape(SHAPE), additions.reshape(*SHAPE, N_PRODUCTS))

    def score(self, features: Features) -> Scores:
        """The shares of each row's group; features used: age, segment, is_active."""
        return self._shares[groups_of(features)]

    def contributions(self, features: Features) -> Contributions:
        """Return what the group adds to the logarithm of the share, as against all customers; nothing of what nobody added."""
        shares, everybody = self.score(features), self.prior.astype(np.float32)[None]
        margins, mean = (np.log(np.maximum(each, _LEAST)).T for each in (shares, everybody))
        values = np.full((1, len(shares)), np.nan, dtype=np.float32)
        return Contributions((GROUP,), values, (margins - mean)[:, None], np.where(everybody.T > 0, margins, np.nan))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features of the groups, and what a customer owns."""
        return in_declared_order({*GROUP_FEATURES, "owned"})

    def save(self, folder: Path) -> None:
        """Write the counts of the groups that occur, by name."""
        groups = [
            {
                **name_of(place),
                "customers": int(self._customers[tuple(place)]),
                "additions": dict(zip(PRODUCT_NAMES, self._additions[tuple(place)].tolist(), strict=True)),
            }
            for place in np.argwhere(self._customers > 0)
        ]
        (folder / _FILE).write_text(json.dumps({"settings": self.settings.model_dump(), "groups": groups}, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the counts that ``save`` wrote; raises ChangedProducts."""
        written = json.loads((folder / _FILE).read_text())
        customers = np.zeros(SHAPE, dtype=np.int64)
        additions = np.zeros((*SHAPE, N_PRODUCTS), dtype=np.int64)
        for group in written["groups"]:
            refuse_other_products(group["additions"], f"the model in {folder}")
            place = place_of(group)
            customers[place] = group["customers"]
            additions[place] = [group["additions"][name] for name in PRODUCT_NAMES]
        return cls(PopularitySettings(**written["settings"]), customers, additions)


def _shares_with_fallback(customers: Counts, additions: Counts, min_group: int) -> Scores:
    """Shares per group (84 x 24), each from the smallest circle that is large enough: group, segment, all."""
    segment_customers = customers.sum(axis=(0, 2), keepdims=True)
    segment_additions = additions.sum(axis=(0, 2), keepdims=True)
    all_customers = customers.sum(keepdims=True)
    all_additions = additions.sum(axis=(0, 1, 2), keepdims=True)
    group_is_large, segment_is_large = customers >= min_group, np.broadcast_to(segment_customers >= min_group, SHAPE)
    size = np.where(group_is_large, customers, np.where(segment_is_large, segment_customers, all_customers))
    count = np.where(
        group_is_large[..., None], additions, np.where(segment_is_large[..., None], segment_additions, all_additions)
    )
    shares = count / np.maximum(size, 1)[..., None]
    return shares.reshape(-1, N_PRODUCTS).astype(np.float32)
