"""A kind of model that scores as no model should, to see that it never takes anybody's place."""

import json
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np

from santander.features.expansion import Features
from santander.models.progress import Progress, no_progress
from santander.models.ranking import Scores
from santander.models.recommender import KindSettings, Recommender
from santander.models.training_set import TrainingData

Fault = Literal["a product for some", "every product for one", "infinite for one"]


class WaywardSettings(KindSettings):
    """What is wrong with the scores."""

    fault: Fault


class Wayward(Recommender):
    """Shares of the fit as scores, for everybody alike, but for one fault."""

    kind: ClassVar[str] = "wayward"
    settings_type: ClassVar[type[KindSettings]] = WaywardSettings
    settings: WaywardSettings

    def __init__(self, settings: WaywardSettings, prior: np.ndarray) -> None:
        self.settings, self.prior = settings, prior

    @classmethod
    def fit(
        cls,
        settings: KindSettings,
        training: TrainingData,
        validation: TrainingData | None = None,  # noqa: ARG003
        progress: Progress = no_progress,  # noqa: ARG003
    ) -> Self:
        assert isinstance(settings, WaywardSettings)
        return cls(settings, training.shares())

    def score(self, features: Features) -> Scores:
        scores = np.tile(self.prior.astype(np.float32), (features.num_rows, 1))
        fault = self.settings.fault
        if fault == "a product for some":
            scores[::2, 3] = np.nan
        elif fault == "every product for one":
            scores[-1] = np.nan
        else:
            scores[-1, 5] = np.inf
        return scores

    @property
    def feature_names(self) -> tuple[str, ...]:
        return ("owned",)

    def save(self, folder: Path) -> None:
        (folder / "wayward.json").write_text(json.dumps({"prior": self.prior.tolist(), **self.settings.model_dump()}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "wayward.json").read_text())
        return cls(WaywardSettings(fault=facts["fault"]), np.array(facts["prior"]))
