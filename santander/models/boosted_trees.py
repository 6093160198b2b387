"""Gradient boosted trees with a class for each product, fitted on additions only, one example per added product.

Whoever adds nothing says little about the order of the products, and the metric asks for the order alone.
"""

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from santander.features.expansion import Features
from santander.models.booster import predicted, read_booster, shares_of_gain
from santander.models.booster_settings import BoosterSettings
from santander.models.boosting import BoostingOfClasses
from santander.models.classes import Classes, Rare
from santander.models.contributions import Contributions, TreeShap
from santander.models.groups import GroupStart, Start
from santander.models.on_columns import ColumnRecommender, SavedFacts
from santander.models.packages import XGBOOST
from santander.models.progress import Progress, no_progress
from santander.models.ranking import Scores
from santander.models.recommender import KindSettings, in_declared_order
from santander.models.training_set import TrainingData

if TYPE_CHECKING:
    import xgboost

_BOOSTER, _FACTS, _START = "booster.ubj", "boosted_trees.json", "start.json"


class BoostedTreesSettings(BoosterSettings):
    """Settings of the booster, what becomes of products with fewer examples than ``min_additions``, where boosting starts."""

    added_later: ClassVar[frozenset[str]] = BoosterSettings.added_later | {"rare", "start"}

    rare: Rare = Rare.LEFT_OUT
    start: Start = Start.ALL


class BoostedTrees(ColumnRecommender):
    """One booster with a class per product; the settings of the kind are ``BoostedTreesSettings``."""

    kind: ClassVar[str] = "xgboost"
    settings_type: ClassVar[type[KindSettings]] = BoostedTreesSettings
    packages = XGBOOST
    trains_on_workers = True

    settings: BoostedTreesSettings

    def __init__(
        self, facts: SavedFacts[BoostedTreesSettings], booster: "xgboost.Booster", start: GroupStart | None = None
    ) -> None:
        """``start`` is where the booster was started, if not where it starts by itself."""
        super().__init__(facts)
        self.booster, self.start = booster, start

    @classmethod
    def fit(
        cls,
        settings: BoostedTreesSettings,
        training: TrainingData,
        validation: TrainingData | None = None,
        progress: Progress = no_progress,
    ) -> Self:
        """Fit ``rounds`` rounds, or with ``validation`` until its log-loss has not fallen for a while."""
        classes = Classes.of(training, settings.min_additions, settings.rare)
        classes.require_in(validation)
        start = GroupStart.of(training.population, training.weights) if settings.start is Start.GROUPS else None
        boosting = BoostingOfClasses(
            columns=settings.plan,
            classes=classes,
            parameters=settings.parameters("multi:softprob", "mlogloss"),
            rounds=settings.rounds,
            early_stopping_rounds=settings.early_stopping_rounds,
            row_weight=settings.row_weight,
            start=start,
        )
        [booster] = training.boost(boosting, validation, progress)
        return cls(SavedFacts(settings, settings.plan, classes, training.shares()), booster, start)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features of the columns, and of the start where there is one."""
        return in_declared_order({*super().feature_names, *(GroupStart.features if self.start is not None else ())})

    @property
    def rounds(self) -> int:
        """Boosting rounds of the fit."""
        return self.booster.num_boosted_rounds()

    def _score(self, rows: Features) -> Scores:
        margins = None if self.start is None else self.start.margins(rows, self.classes)
        return self.classes.scores(predicted(self.booster, self.plan.matrix(rows), margins), self.prior)

    def contributions(self, features: Features) -> Contributions:
        """Return what each column adds to the margin, and in a column of its own what the start does."""
        matrix = self.plan.matrix(features)
        # trees that start from margins are asked for what they add alone
        none = None if self.start is None else np.zeros((len(matrix), len(self.classes)), dtype=np.float32)
        margins = np.asarray(self.booster.inplace_predict(matrix, predict_type="margin", base_margin=none))
        found = Contributions.of_classes(self.plan.names, matrix, self._shap.of(matrix), margins, self.classes)
        if self.start is None:
            return found
        return found.with_start(self.start.margins(features, self.classes), self.start.mean(self.classes), self.classes)

    @cached_property
    def _shap(self) -> TreeShap:
        return TreeShap(self.booster, self.plan.names)

    def importance(self) -> dict[str, float]:
        """For each model column used: the loss it took away over all its splits, as a share of all."""
        return shares_of_gain([self.booster], self.plan.names)

    def save(self, folder: Path) -> None:
        """Write the booster as UBJSON and beside it what it cannot say of itself."""
        self.booster.save_model(folder / _BOOSTER)
        self.facts.write(folder / _FACTS)
        if self.start is not None:
            (folder / _START).write_text(json.dumps(self.start.written(), indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; raises SantanderError for columns that this code does not make."""
        facts = SavedFacts.read(folder / _FACTS, BoostedTreesSettings)
        start = GroupStart.read(json.loads((folder / _START).read_text())) if facts.settings.start is Start.GROUPS else None
        return cls(facts, read_booster(folder / _BOOSTER), start)
