"""Gradient boosted trees over the products that occur, for a customer who adds something.

Fitted on additions only, one example per added product, as the best entries of the competition did: whoever adds
nothing says little about the order of the products, and the metric asks for the order alone.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import Field

from santander.bank.products import N_PRODUCTS, PRODUCT_NAMES
from santander.errors import SantanderError
from santander.features.expansion import ColumnGroup, ColumnPlan, Features
from santander.models.boosting import Boosting
from santander.models.ranking import Prior, Scores
from santander.models.recommender import CHUNK_ROWS, KindSettings, Progress, Recommender, silent
from santander.models.training_set import TrainingData

if TYPE_CHECKING:
    import xgboost

_BOOSTER, _FACTS = "booster.ubj", "boosted_trees.json"


class BoostedTreesSettings(KindSettings):
    """Settings of the booster by XGBoost's names where it has one; ``columns`` are groups of model columns."""

    columns: tuple[ColumnGroup, ...]
    rounds: int = Field(ge=1)
    early_stopping_rounds: int = Field(default=10, ge=1)
    max_depth: int = Field(ge=1)
    eta: float = Field(gt=0, le=1)
    min_child_weight: float = Field(default=1.0, ge=0)
    reg_lambda: float = Field(default=1.0, ge=0)
    colsample_bytree: float = Field(default=1.0, gt=0, le=1)
    max_bin: int = Field(default=64, ge=2)
    min_additions: int = Field(default=1, ge=1)
    """A product with fewer examples is left out: its place in a list is decided by its prior."""
    seed: int = 0


class BoostedTrees(Recommender):
    """One booster with a class per product; the settings of the kind are ``BoostedTreesSettings``."""

    kind: ClassVar[str] = "xgboost"
    settings_type: ClassVar[type[KindSettings]] = BoostedTreesSettings

    settings: BoostedTreesSettings

    def __init__(
        self, settings: BoostedTreesSettings, booster: "xgboost.Booster", products: tuple[int, ...], prior: Prior
    ) -> None:
        """Class i of the booster is the product with bit ``products[i]``."""
        self.settings, self.booster, self.products, self.prior = settings, booster, products, prior
        self.plan = ColumnPlan(settings.columns)

    @classmethod
    def fit(
        cls, settings: KindSettings, training: TrainingData, validation: TrainingData | None = None, progress: Progress = silent
    ) -> Self:
        """Fit ``rounds`` rounds, or with ``validation`` until its log-loss has not fallen for a while."""
        if not isinstance(settings, BoostedTreesSettings):
            raise TypeError(f"settings of kind {cls.kind} expected, got {type(settings).__name__}")
        counts = training.counts()
        products = tuple(int(bit) for bit in np.flatnonzero(counts >= settings.min_additions))
        if len(products) < 2:
            raise SantanderError(
                f"{counts.sum()} additions of {len(products)} products with at least {settings.min_additions} "
                "are too little to learn from: ingest more months or train the recipe 'popularity'"
            )
        booster = training.boost(_boosting(settings, products), validation, progress)
        return cls(settings, booster, products, training.shares())

    @property
    def rounds(self) -> int:
        """Boosting rounds of the fit."""
        return self.booster.num_boosted_rounds()

    def score(self, features: Features) -> Scores:
        """The probability of each product given that something is added; NaN for the products left out."""
        scores = np.full((features.num_rows, N_PRODUCTS), np.nan, dtype=np.float32)
        for start in range(0, features.num_rows, CHUNK_ROWS):
            matrix = self.plan.matrix(features.slice(start, CHUNK_ROWS))
            scores[start : start + len(matrix), self.products] = self.booster.inplace_predict(matrix)
        return scores

    def importance(self) -> dict[str, float]:
        """For each model column used: the loss it took away over all its splits, as a share of all."""
        gains = {name: np.sum(gain) for name, gain in self.booster.get_score(importance_type="total_gain").items()}
        total = sum(gains.values()) or 1.0
        return {name: float(gains[name] / total) for name in self.plan.names if name in gains}

    def save(self, folder: Path) -> None:
        """Write the booster as UBJSON and beside it what it cannot say of itself."""
        self.booster.save_model(folder / _BOOSTER)
        facts = {
            "settings": self.settings.model_dump(mode="json"),
            "columns": self.plan.names,
            "products": [PRODUCT_NAMES[bit] for bit in self.products],
            "prior": dict(zip(PRODUCT_NAMES, self.prior.tolist(), strict=True)),
        }
        (folder / _FACTS).write_text(json.dumps(facts, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; raises SantanderError when this code would expand to other columns."""
        import xgboost

        facts = json.loads((folder / _FACTS).read_text())
        settings = BoostedTreesSettings(**facts["settings"])
        booster = xgboost.Booster(model_file=folder / _BOOSTER)
        booster.set_param(
            {"nthread": 0}
        )  # as many threads as the process may use: it may score on a worker that shares its cores
        products = tuple(PRODUCT_NAMES.index(name) for name in facts["products"])
        model = cls(settings, booster, products, np.array([facts["prior"][name] for name in PRODUCT_NAMES]))
        if list(model.plan.names) != facts["columns"]:
            raise SantanderError(f"the model in {folder} was fitted on other columns than this version of the code makes")
        return model


def _boosting(settings: BoostedTreesSettings, products: tuple[int, ...]) -> Boosting:
    own = {"max_depth", "eta", "min_child_weight", "reg_lambda", "colsample_bytree", "max_bin", "seed"}
    return Boosting(
        columns=settings.columns,
        products=products,
        parameters={
            "objective": "multi:softprob",
            "eval_metric": "mlogloss",
            "tree_method": "hist",
            **settings.model_dump(include=own),
        },
        rounds=settings.rounds,
        early_stopping_rounds=settings.early_stopping_rounds,
    )
