"""Any classifier of scikit-learn, with a class for each product, for a customer who adds something."""

import logging
import warnings
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from santander.errors import InputError, telling_line
from santander.features.expansion import Features
from santander.models.additions import RowWeight, examples_of
from santander.models.classes import Classes, Rare
from santander.models.on_columns import ColumnRecommender, ColumnSettings, SavedFacts
from santander.models.progress import Progress, no_progress
from santander.models.ranking import Scores
from santander.models.recommender import KindSettings
from santander.models.sklearn_steps import Step, pipeline_of, read_estimator, telling_part, write_estimator
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

    def __init__(self, facts: SavedFacts[SklearnSettings], pipeline: Any) -> None:
        super().__init__(facts)
        self.pipeline = pipeline

    @classmethod
    def fit(
        cls,
        settings: SklearnSettings,
        training: TrainingData,
        validation: TrainingData | None = None,  # noqa: ARG003  (scikit-learn knows no month to stop on)
        progress: Progress = no_progress,
    ) -> Self:
        """Fit the pipeline in the driver; raises InputError in one line for what scikit-learn refuses."""
        from joblib import parallel_config
        from threadpoolctl import threadpool_limits

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
        with threadpool_limits(here.threads), threads, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            try:
                pipeline.fit(matrix, examples.label, **weights)
            except (ValueError, TypeError) as error:
                raise InputError(f"scikit-learn refuses the fit: {telling_line(error)}") from error
        for line in dict.fromkeys(str(warning.message).strip().partition("\n")[0] for warning in caught):
            log.warning("scikit-learn: %s", line)
        progress(1, 1, None)
        return cls(SavedFacts(settings, settings.plan, classes, training.shares()), pipeline)

    def _score(self, rows: Features) -> Scores:
        probabilities = self.pipeline.predict_proba(self.plan.matrix(rows).astype(np.float64))
        return self.classes.scores(probabilities, self.prior)

    def importance(self) -> dict[str, float]:
        """Return the classifier's importances of its columns, or the size of its coefficients, as shares; empty without."""
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
        write_estimator(self.pipeline, folder / _PIPELINE)
        self.facts.write(folder / _FACTS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; raises SantanderError for other columns, and for types that are not scikit-learn's."""
        facts = SavedFacts.read(folder / _FACTS, SklearnSettings)
        return cls(facts, read_estimator(folder / _PIPELINE))

    def _telling(self, file: Path) -> bytes:
        return telling_part(file) if file.name == _PIPELINE else super()._telling(file)


def _weights_for(pipeline: Any, name: str, weight: Any) -> dict[str, Any]:
    """The weights of the examples as an argument for the last step, if it takes them."""
    from sklearn.utils.validation import has_fit_parameter

    step, classifier = pipeline.steps[-1]
    if has_fit_parameter(classifier, "sample_weight"):
        return {f"{step}__sample_weight": weight}
    log.warning("%s takes no weights: every addition counts alike, whatever its month", name)
    return {}
