"""Customers alike in age band, segment and activity: popularity counts in these groups, and boosting may start from them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.expansion import Features, bits_of, integers, once
from santander.models.classes import Classes
from santander.models.fitted_on import refuse_other_products
from santander.models.month_weight import MonthWeight
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

_BAND_FLOORS = np.array([0, 20, 26, 36, 51, 66])
AGE_BANDS = ("0-19", "20-25", "26-35", "36-50", "51-65", "66+", "unknown")
SEGMENTS = ("unknown", "top", "individuals", "students")
ACTIVITIES = ("inactive", "active", "unknown")
SHAPE = (len(AGE_BANDS), len(SEGMENTS), len(ACTIVITIES))
N_GROUPS = math.prod(SHAPE)
GROUP_FEATURES = ("age", "segment", "is_active")
"""The features that tell the groups apart."""


def groups_of(rows: Features) -> npt.NDArray[np.int64]:
    """The group of each row as one number: age band, then segment, then activity. Needs GROUP_FEATURES."""
    return once(rows, groups_of, lambda: _groups_of(rows))


def _groups_of(rows: Features) -> npt.NDArray[np.int64]:
    age = integers(rows, "age", unknown=-1)
    band = np.where(age < 0, AGE_BANDS.index("unknown"), np.searchsorted(_BAND_FLOORS, age, side="right") - 1)
    segment = integers(rows, "segment", unknown=SEGMENTS.index("unknown"))
    activity = integers(rows, "is_active", unknown=ACTIVITIES.index("unknown"))
    return np.ravel_multi_index((band, segment, activity), SHAPE)


def name_of(place: npt.NDArray[np.intp]) -> dict[str, str]:
    """The group at a place (band, segment, activity) as a saved model names it; ``place_of`` reads it."""
    band, segment, activity = place
    return {"age": AGE_BANDS[band], "segment": SEGMENTS[segment], "activity": ACTIVITIES[activity]}


def place_of(group: Mapping[str, Any]) -> tuple[int, int, int]:
    """The place of a group that was named by ``name_of``."""
    return AGE_BANDS.index(group["age"]), SEGMENTS.index(group["segment"]), ACTIVITIES.index(group["activity"])


Margins = npt.NDArray[np.float32]
_Shares = tuple[Margins, npt.NDArray[np.float64], Margins]

LENT = 20.0
"""Additions lent to each group in the proportions of all: a group with few says little of its own."""
_LEAST = 1e-6
"""The chance of a product that is owned, or that a group never adds: not 0, whose logarithm is no number."""


class Start(StrEnum):
    """What a booster of all products knows before its first tree."""

    ALL = "all"
    """How common each product is among the additions; XGBoost does this by itself."""
    GROUPS = "groups"
    """How common it is among the additions of customers of the same age band, segment and activity, who do not own it."""


@dataclass(frozen=True)
class GroupStart:
    """``additions`` (groups x 24): what the fit months' customers of each group added, weighted as in the fit."""

    features: ClassVar[tuple[str, ...]] = (*GROUP_FEATURES, "owned")
    """What ``margins`` reads."""

    additions: npt.NDArray[np.float64]
    _of_classes: dict[Classes, _Shares] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, population: pa.Table, weights: Mapping[Month, MonthWeight]) -> Self:
        """Count a population (see ``TrainingData.population``), each addition with the weight of its month and product."""
        dates = population["snapshot_date"].to_numpy()
        counted = bits_of(population["added"].to_numpy()) * population["customers"].to_numpy()[:, None].astype(np.float64)
        for month, weight in weights.items():
            counted[dates == np.datetime64(month.snapshot)] *= weight.of_products()
        additions = np.zeros((N_GROUPS, N_PRODUCTS))
        np.add.at(additions, groups_of(population), counted)
        return cls(additions)

    def margins(self, features: Features, classes: Classes) -> Margins:
        """The logarithm of each class's share (rows x classes), products owned left out."""
        member, _, shares = self._shares(classes)
        open_shares = shares[groups_of(features)] * (1 - bits_of(integers(features, "owned", unknown=0)))
        return np.asarray(np.log(np.maximum(open_shares @ member, _LEAST)), dtype=np.float32)

    def mean(self, classes: Classes) -> Margins:
        """The mean margin of each class over the additions counted, of products that nobody owns."""
        member, learned, shares = self._shares(classes)
        weight = learned.sum(axis=1) / max(learned.sum(), 1.0)
        return np.asarray(weight @ np.log(np.maximum(shares @ member, _LEAST)), dtype=np.float32)

    def _shares(self, classes: Classes) -> _Shares:
        """Return which products are of which class, the additions of these, and the share of each product in each group."""
        if classes not in self._of_classes:
            self._of_classes[classes] = self._counted(classes)
        return self._of_classes[classes]

    def _counted(self, classes: Classes) -> _Shares:
        member = np.zeros((N_PRODUCTS, len(classes)), dtype=np.float32)
        member[list(classes.products), np.arange(len(classes.products))] = 1
        member[list(classes.pooled), -1:] = 1
        learned = self.additions * member.any(axis=1)
        common = learned.sum(axis=0) / max(learned.sum(), 1.0)
        shares = ((learned + LENT * common) / (learned.sum(axis=1, keepdims=True) + LENT)).astype(np.float32)
        return member, learned, shares

    def written(self) -> list[dict[str, Any]]:
        """The groups that added something, by name, as a saved model keeps them."""
        by_group = self.additions.reshape(*SHAPE, N_PRODUCTS)
        return [
            {**name_of(place), "additions": dict(zip(PRODUCT_NAMES, by_group[tuple(place)].tolist(), strict=True))}
            for place in np.argwhere(by_group.any(axis=-1))
        ]

    @classmethod
    def read(cls, written: list[dict[str, Any]]) -> Self:
        """Return the object that ``written`` wrote; raises ChangedProducts."""
        additions = np.zeros((*SHAPE, N_PRODUCTS))
        for group in written:
            refuse_other_products(group["additions"], "the start of a model")
            additions[place_of(group)] = [group["additions"][name] for name in PRODUCT_NAMES]
        return cls(additions.reshape(N_GROUPS, N_PRODUCTS))
