"""Where boosting starts: what customers alike in age, segment and activity add, less what a customer owns.

Trees that start there need not learn it, so fewer of them do. The same start is added when a model scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.expansion import Features, bits_of, integers
from santander.models.classes import Classes
from santander.models.fitted_on import refuse_other_products
from santander.models.groups import ACTIVITIES, AGE_BANDS, GROUP_FEATURES, N_GROUPS, SEGMENTS, SHAPE, groups_of
from santander.models.month_weight import MonthWeight
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

Margins = npt.NDArray[np.float32]

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
        member = np.zeros((N_PRODUCTS, len(classes)), dtype=np.float32)
        member[list(classes.products), np.arange(len(classes.products))] = 1
        member[list(classes.pooled), -1:] = 1
        learned = self.additions * member.any(axis=1)
        common = learned.sum(axis=0) / max(learned.sum(), 1.0)
        shares = ((learned + LENT * common) / (learned.sum(axis=1, keepdims=True) + LENT)).astype(np.float32)
        open_shares = shares[groups_of(features)] * (1 - bits_of(integers(features, "owned", unknown=0)))
        return np.asarray(np.log(np.maximum(open_shares @ member, _LEAST)), dtype=np.float32)

    def written(self) -> list[dict[str, Any]]:
        """The groups that added something, by name, as a saved model keeps them."""
        by_group = self.additions.reshape(*SHAPE, N_PRODUCTS)
        return [
            {
                "age": AGE_BANDS[band],
                "segment": SEGMENTS[segment],
                "activity": ACTIVITIES[activity],
                "additions": dict(zip(PRODUCT_NAMES, by_group[band, segment, activity].tolist(), strict=True)),
            }
            for band, segment, activity in np.argwhere(by_group.any(axis=-1))
        ]

    @classmethod
    def read(cls, written: list[dict[str, Any]]) -> Self:
        """Return the object that ``written`` wrote; raises ChangedProducts."""
        additions = np.zeros((*SHAPE, N_PRODUCTS))
        for group in written:
            refuse_other_products(group["additions"], "the start of a model")
            place = (AGE_BANDS.index(group["age"]), SEGMENTS.index(group["segment"]), ACTIVITIES.index(group["activity"]))
            additions[place] = [group["additions"][name] for name in PRODUCT_NAMES]
        return cls(additions.reshape(N_GROUPS, N_PRODUCTS))
