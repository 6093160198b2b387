"""Any classifier of scikit-learn, with a class for each product, for a customer who adds something."""

import logging
import warnings
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from santander.errors import InputError, telling_line
from santander.features.expansion import ColumnPlan, Features
from santander.models import sklearn_files
from santander.models.additions import RowWeight, examples_of
from santander.models.classes import Classes, Rare
from santander.models.on_columns import ColumnRecommender, ColumnSettings
from santander.models.progress import Progress, no_progress
from santander.models.ranking import Prior, Scores
from santander.models.recommender import KindSettings, in_chunks
from santander.models.saved_facts import SavedFacts
from santander.models.sklearn_steps import Step, pipeline_of
from santander.models.training_set import TrainingData

log = logging.getLogger(__name__)

_PIPELINE, _FACTS = "pipeline.skops", "sklearn.json"


class SklearnSettings(ColumnSettings):
    """``steps`` are classes of scikit-learn with their parameters, the last one a classifier."""

    steps: tuple[Step, ...] = Field(min_length=1)
    min_additions: int = Field(default=1, ge=1)
    rare: Rare = Rare.LEFT_OUT
    row_weight: RowWeight = RowWeight.ADDITION
    seed: int = 0

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        try:
            pipeline_of(self.steps, self.seed)
        except InputError as error:
            raise ValueError(str(error)) from None
        return self


class SklearnClassifier(ColumnRecommender):
    """A fitted pipeline; the settings of the kind are ``SklearnSettings``."""

    kind: ClassVar[str] = "sklearn"
    settings_type: ClassVar[type[KindSettings]] = SklearnSettings
    packages = ("scikit-learn", "skops")

    settings: SklearnSettings

    def __init__(self, settings: SklearnSettings, pipeline: Any, classes: Classes, prior: Prior, plan: ColumnPlan) -> None:
        """``plan`` has the columns of the fit."""
        self.settings, self.pipeline, self.classes, self.prior = settings, pipeline, classes, prior
        self.plan = plan

    @classmethod
    def fit(
        cls,
        settings: KindSettings,
        training: TrainingData,
        validation: TrainingData | None = None,  # noqa: ARG003  (scikit-learn knows no month to stop on)
        progress: Progress = no_progress,
    ) -> Self:
        """Fit the pipeline in the driver; raises InputError in one line for what scikit-learn refuses."""
        from joblib import parallel_config
        from threadpoolctl import threadpool_limits

        if not isinstance(settings, SklearnSettings):
            raise TypeError(f"settings of kind {cls.kind} expected, got {type(settings).__name__}")
        here = training.in_driver()
        classes = Classes.of(training, settings.min_additions, settings.rare)
        examples = examples_of(here.additions(), settings.plan, classes, settings.row_weight)
        matrix = examples.matrix.astype(np.float64)
        # a column that is unknown in every example tells nothing, and histograms cannot be made of it
        matrix[:, np.isnan(matrix).all(axis=0)] = 0.0
        pipeline = pipeline_of(settings.steps, settings.seed)
        weights = _weights_for(pipeline, settings.steps[-1].name, examples.weight)
        # scoring stays on one thread: the votes of a forest's trees are added in the order in which threads end
        threads = parallel_config("threading", n_jobs=here.threads)
        with threadpool_limits(here.threads), threads, warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("default")
            try:
                pipeline.fit(matrix, examples.label, **weights)
            except (ValueError, TypeError) as error:
                raise InputError(f"scikit-learn refuses the fit: {telling_line(error)}") from error
        for line in dict.fromkeys(str(warning.message).strip().partition("\n")[0] for warning in said):
            log.warning("scikit-learn: %s", line)
        progress(1, 1, None)
        return cls(settings, pipeline, classes, training.shares(), settings.plan)

    def score(self, features: Features) -> Scores:
        """The probability of each product given that something is added; NaN for the products left out."""
        return in_chunks(features, self._score)

    def _score(self, rows: Features) -> Scores:
        probabilities = self.pipeline.predict_proba(self.plan.matrix(rows).astype(np.float64))
        return self.classes.scores(probabilities, self.prior)

    def importance(self) -> dict[str, float]:
        """Return the classifier's importances of its columns, as shares; empty for one without, or that sees other columns.

        Coefficients are taken by their size, which compares columns only where a step before has scaled them.
        """
        last = self.pipeline[-1]
        of_columns = getattr(last, "feature_importances_", None)
        if of_columns is None and hasattr(last, "coef_"):
            of_columns = np.abs(last.coef_).mean(axis=0)
        if of_columns is None or len(of_columns) != len(self.plan.names):
            return {}
        used = zip(self.plan.names, (of_columns / (of_columns.sum() or 1.0)).tolist(), strict=True)
        return {name: share for name, share in used if share > 0}

    def save(self, folder: Path) -> None:
        """Write the pipeline as skops does, without pickle, and beside it what it cannot say of itself."""
        sklearn_files.write(self.pipeline, folder / _PIPELINE)
        SavedFacts(self.settings, self.plan, self.classes, self.prior).write(folder / _FACTS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; raises SantanderError for other columns, and for types that are not scikit-learn's."""
        facts = SavedFacts.read(folder / _FACTS, SklearnSettings)
        return cls(facts.settings, sklearn_files.read(folder / _PIPELINE), facts.classes, facts.prior, facts.plan)

    def _telling(self, file: Path) -> bytes:
        return sklearn_files.telling(file) if file.name == _PIPELINE else super()._telling(file)


def _weights_for(pipeline: Any, name: str, weight: Any) -> dict[str, Any]:
    """The weights of the examples as an argument for the last step, if it takes them."""
    from sklearn.utils.validation import has_fit_parameter

    step, classifier = pipeline.steps[-1]
    if has_fit_parameter(classifier, "sample_weight"):
        return {f"{step}__sample_weight": weight}
    log.warning("%s takes no weights: every addition counts alike, whatever its month", name)
    return {}
