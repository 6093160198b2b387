"""Gradient boosted trees by LightGBM, with a class for each product, for a customer who adds something."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from santander.errors import InputError
from santander.features.expansion import Features
from santander.models.additions import RowWeight, examples_of
from santander.models.classes import Classes, Rare
from santander.models.contributions import Contributions
from santander.models.on_columns import ColumnRecommender, ColumnSettings, SavedFacts
from santander.models.progress import Progress, no_progress
from santander.models.ranking import Scores
from santander.models.recommender import KindSettings
from santander.models.training_set import TrainingData, TrainingSet

if TYPE_CHECKING:
    import lightgbm

_TREES, _FACTS = "trees.txt", "light_trees.json"
_METRIC = "multi_logloss"
_THREADS = re.compile(r"^\[num_threads: .*\]\n", re.MULTILINE)
"""Left out of what is saved: the same trees are the same model, however many threads grew them."""


class LightTreesSettings(ColumnSettings):
    """Settings of the booster by LightGBM's names where it has one; ``columns`` are groups of model columns."""

    rounds: int = Field(ge=1)
    early_stopping_rounds: int = Field(default=10, ge=1)
    learning_rate: float = Field(gt=0, le=1)
    num_leaves: int = Field(default=31, ge=2)
    max_depth: int = -1
    """-1: as deep as the leaves reach."""
    min_data_in_leaf: int = Field(default=20, ge=0)
    lambda_l2: float = Field(default=0.0, ge=0)
    feature_fraction: float = Field(default=1.0, gt=0, le=1)
    bagging_fraction: float = Field(default=1.0, gt=0, le=1)
    """The share of the examples that each round draws."""
    max_bin: int = Field(default=63, ge=2)
    min_additions: int = Field(default=1, ge=1)
    rare: Rare = Rare.LEFT_OUT
    row_weight: RowWeight = RowWeight.ADDITION
    seed: int = 0

    def parameters(self, classes: int, threads: int) -> dict[str, Any]:
        """LightGBM's parameters: the same rows give the same trees."""
        own = {
            "learning_rate", "num_leaves", "max_depth", "min_data_in_leaf", "lambda_l2", "feature_fraction",
            "bagging_fraction", "max_bin", "seed",
        }  # fmt: skip
        return {
            "objective": "multiclass",
            "metric": _METRIC,
            "num_class": classes,
            "bagging_freq": int(self.bagging_fraction < 1),
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads,
            "verbosity": -1,
            **self.model_dump(include=own),
        }


class LightTrees(ColumnRecommender):
    """One booster with a class per product; the settings of the kind are ``LightTreesSettings``."""

    kind: ClassVar[str] = "lightgbm"
    settings_type: ClassVar[type[KindSettings]] = LightTreesSettings
    packages = ("lightgbm",)

    settings: LightTreesSettings

    def __init__(self, facts: SavedFacts[LightTreesSettings], booster: "lightgbm.Booster") -> None:
        super().__init__(facts)
        self.booster = booster

    @classmethod
    def fit(
        cls,
        settings: LightTreesSettings,
        training: TrainingData,
        validation: TrainingData | None = None,
        progress: Progress = no_progress,
    ) -> Self:
        """Fit ``rounds`` rounds, or with ``validation`` until its log-loss has not fallen for a while; always in the driver."""
        lgb = _lightgbm()
        here, watched = training.in_driver(), None if validation is None else validation.in_driver()
        classes = Classes.of(training, settings.min_additions, settings.rare)
        classes.require_in(validation)
        parameters = settings.parameters(len(classes), here.threads)
        train = _dataset(here, settings, classes, parameters)
        callbacks = [_report_to(progress, settings.rounds)]
        if watched is not None:
            callbacks.append(lgb.early_stopping(settings.early_stopping_rounds, verbose=False))
        booster = lgb.train(
            parameters,
            train,
            num_boost_round=settings.rounds,
            valid_sets=[] if watched is None else [_dataset(watched, settings, classes, parameters, train)],
            valid_names=[] if watched is None else ["validation"],
            callbacks=callbacks,
        )
        kept = booster.best_iteration if watched is not None else settings.rounds
        facts = SavedFacts(settings, settings.plan, classes, training.shares())
        return cls(facts, _booster_of(booster.model_to_string(num_iteration=kept)))

    @property
    def rounds(self) -> int:
        """Boosting rounds of the fit."""
        return int(self.booster.current_iteration())

    def _score(self, rows: Features) -> Scores:
        return self.classes.scores(np.asarray(self.booster.predict(self.plan.matrix(rows))), self.prior)

    def contributions(self, features: Features) -> Contributions:
        """Return what each column adds to the margin, as LightGBM tells it."""
        matrix = self.plan.matrix(features)
        told = np.asarray(self.booster.predict(matrix, pred_contrib=True), dtype=np.float32)
        added = told.reshape(len(matrix), len(self.classes), -1).transpose(1, 2, 0)[:, :-1]
        margins = np.asarray(self.booster.predict(matrix, raw_score=True), dtype=np.float32)
        return Contributions.of_classes(self.plan.names, matrix, added, margins, self.classes)

    def importance(self) -> dict[str, float]:
        """For each model column used: the loss it took away over all its splits, as a share of all."""
        gains = np.asarray(self.booster.feature_importance("gain"), dtype=np.float64)
        used = zip(self.plan.names, (gains / (gains.sum() or 1.0)).tolist(), strict=True)
        return {name: share for name, share in used if share > 0}

    def save(self, folder: Path) -> None:
        """Write the trees as LightGBM's text and beside them what they cannot say of themselves."""
        (folder / _TREES).write_text(_THREADS.sub("", self.booster.model_to_string()))
        self.facts.write(folder / _FACTS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; raises SantanderError for columns that this code does not make."""
        facts = SavedFacts.read(folder / _FACTS, LightTreesSettings)
        return cls(facts, _booster_of((folder / _TREES).read_text()))


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError:
        raise InputError(
            "a model of the kind 'lightgbm' needs the package lightgbm", hint="install santander[lightgbm]"
        ) from None
    return lightgbm


def _booster_of(text: str) -> "lightgbm.Booster":
    booster: lightgbm.Booster = _lightgbm().Booster(model_str=text)
    return booster


def _dataset(
    rows: TrainingSet,
    settings: LightTreesSettings,
    classes: Classes,
    parameters: dict[str, Any],
    reference: "lightgbm.Dataset | None" = None,
) -> "lightgbm.Dataset":
    """The examples in bins."""
    examples = examples_of(rows.additions(), settings.plan, classes, settings.row_weight)
    dataset: lightgbm.Dataset = _lightgbm().Dataset(
        examples.matrix,
        label=examples.label,
        weight=examples.weight,
        feature_name=list(settings.plan.names),
        params=parameters,
        reference=reference,
    )
    return dataset


def _report_to(progress: Progress, most: int) -> Any:
    def report(state: Any) -> None:
        losses = [loss for _, _, loss, *_ in state.evaluation_result_list or []]
        progress(state.iteration + 1, most, float(losses[-1]) if losses else None)

    report.order = 5  # type: ignore[attr-defined]  # before early stopping, which ends the round by an exception
    return report
