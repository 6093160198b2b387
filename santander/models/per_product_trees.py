"""Gradient boosted trees, a booster for each product, over the buyers of a month who do not own it.

Each asks one question, will this buyer add this product, and may stop at a time of its own.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, field_validator

from santander.features.expansion import Features
from santander.models.booster import predicted, read_booster, shares_of_gain
from santander.models.booster_settings import BoosterSettings
from santander.models.boosting import BoostingPerProduct
from santander.models.classes import Classes, require_learned, require_products
from santander.models.contributions import Contributions, TreeShap
from santander.models.on_columns import ColumnRecommender, SavedFacts
from santander.models.packages import XGBOOST
from santander.models.progress import Progress, no_progress
from santander.models.ranking import Scores
from santander.models.recommender import KindSettings
from santander.models.training_set import TrainingData
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

if TYPE_CHECKING:
    import xgboost

_BOOSTERS, _FACTS = "boosters", "per_product_trees.json"


class PerProductTreesSettings(BoosterSettings):
    """Settings of every booster; a product with fewer additions than ``min_additions`` is left out."""

    rounds_by_product: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """Fewer rounds than ``rounds`` for some products."""

    @field_validator("rounds_by_product")
    @classmethod
    def _known(cls, rounds: dict[str, int]) -> dict[str, int]:
        if unknown := sorted(set(rounds) - set(PRODUCT_NAMES)):
            raise ValueError(f"{', '.join(unknown)}: no such product")
        return rounds

    def rounds_of(self, product: int) -> int:
        """The rounds of the booster of a product (bit)."""
        return min(self.rounds, self.rounds_by_product.get(PRODUCT_NAMES[product], self.rounds))


class PerProductTrees(ColumnRecommender):
    """A booster per product; the settings of the kind are ``PerProductTreesSettings``."""

    kind: ClassVar[str] = "xgboost_per_product"
    settings_type: ClassVar[type[KindSettings]] = PerProductTreesSettings
    packages = XGBOOST
    trains_on_workers = True
    loss_is_of_whole_model = False

    settings: PerProductTreesSettings

    def __init__(self, facts: SavedFacts[PerProductTreesSettings], boosters: Iterable["xgboost.Booster"]) -> None:
        """``boosters`` in the order of the classes."""
        super().__init__(facts)
        self.boosters = dict(zip(facts.classes.products, boosters, strict=True))

    @classmethod
    def fit(
        cls,
        settings: PerProductTreesSettings,
        training: TrainingData,
        validation: TrainingData | None = None,
        progress: Progress = no_progress,
    ) -> Self:
        """Fit every booster ``rounds`` rounds, or with ``validation`` until its own log-loss has not fallen for a while."""
        counts = training.counts()
        weighted = np.sum([weight.of_products() for weight in training.weights.values()], axis=0)
        products = tuple(int(bit) for bit in np.flatnonzero((counts >= settings.min_additions) & (counts > 0) & (weighted > 0)))
        require_products(counts, training.weights, settings.min_additions, found=len(products), needed=1)
        if validation is not None:
            require_learned(validation.counts(), validation.weights, products)
        boosting = BoostingPerProduct(
            columns=settings.plan,
            products=products,
            parameters=settings.parameters("binary:logistic", "logloss"),
            rounds=tuple(map(settings.rounds_of, products)),
            early_stopping_rounds=settings.early_stopping_rounds,
            row_weight=settings.row_weight,
        )
        boosters = training.boost(boosting, validation, progress)
        return cls(SavedFacts(settings, settings.plan, Classes(products), training.shares()), boosters)

    @property
    def rounds(self) -> int:
        """Rounds of the booster that has most."""
        return max(booster.num_boosted_rounds() for booster in self.boosters.values())

    def with_rounds(self, rounds: int | None) -> KindSettings:
        """The settings for fitting the same again; the number of this fit stands for that of each of its boosters."""
        if rounds is None or rounds != self.rounds:
            return super().with_rounds(rounds)
        found = {PRODUCT_NAMES[bit]: booster.num_boosted_rounds() for bit, booster in self.boosters.items()}
        fewer = {name: own for name, own in found.items() if own < rounds}
        return self.settings.model_copy(update={"rounds": rounds, "rounds_by_product": fewer})

    def _score(self, rows: Features) -> Scores:
        """The probability that a buyer who does not own a product adds it."""
        matrix = self.plan.matrix(rows)
        scores = np.full((len(matrix), N_PRODUCTS), np.nan, dtype=np.float32)
        for bit, booster in self.boosters.items():
            scores[:, bit] = predicted(booster, matrix)
        return scores

    def contributions(self, features: Features) -> Contributions:
        """Return what each column adds to the margin of each product, the logarithm of its odds."""
        matrix = self.plan.matrix(features)
        added = np.concatenate([shap.of(matrix) for shap in self._shap])
        margins = np.column_stack([each.inplace_predict(matrix, predict_type="margin") for each in self.boosters.values()])
        return Contributions.of_classes(self.plan.names, matrix, added, margins, self.classes)

    @cached_property
    def _shap(self) -> list[TreeShap]:
        return [TreeShap(booster, self.plan.names) for booster in self.boosters.values()]

    def importance(self) -> dict[str, float]:
        """For each model column used: the loss it took away over all splits of all boosters, as a share of all."""
        return shares_of_gain(list(self.boosters.values()), self.plan.names)

    def save(self, folder: Path) -> None:
        """Write each booster as UBJSON under the name of its product, and beside them what they cannot say of themselves."""
        (folder / _BOOSTERS).mkdir(exist_ok=True)
        for bit, booster in self.boosters.items():
            booster.save_model(folder / _BOOSTERS / f"{PRODUCT_NAMES[bit]}.ubj")
        self.facts.write(folder / _FACTS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; raises SantanderError for columns that this code does not make."""
        facts = SavedFacts.read(folder / _FACTS, PerProductTreesSettings)
        return cls(facts, [read_booster(folder / _BOOSTERS / f"{PRODUCT_NAMES[bit]}.ubj") for bit in facts.classes.products])
