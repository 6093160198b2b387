"""The interface every kind of model meets. Which kinds there are is listed in ``kinds.py``."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from santander.features.expansion import Features, integers
from santander.models.contributions import Contributions
from santander.models.family_columns import Families
from santander.models.fingerprint import fingerprint_of
from santander.models.progress import Progress, no_progress
from santander.models.ranking import Prior, Ranks, Scores, top_products
from santander.models.training_set import TrainingData
from santander.schema.features import FEATURE_NAMES
from santander.schema.products import N_PRODUCTS

CHUNK_ROWS = 65_536
"""Rows that are expanded and scored at a time, so that memory does not grow with the month. No setting: the memory budget's
figures were measured with it."""


class KindSettings(BaseModel):
    """The settings of one kind of model. Frozen, and an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    added_later: ClassVar[frozenset[str]] = frozenset()
    """Settings that a kind did not have from the beginning. They are written only where they are not at their default, so
    that a recipe without them keeps its fingerprint and a model made by it keeps its files."""

    @model_serializer(mode="wrap")
    def _without_defaults_of_later(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        return {
            name: value
            for name, value in write(self).items()
            if name not in self.added_later or getattr(self, name) != fields[name].default
        }


def in_chunks(features: Features, score: Callable[[Features], Scores]) -> Scores:
    """The scores of all rows, CHUNK_ROWS of them at a time."""
    return in_chunks_with(features, lambda rows, _: score(rows))


def in_chunks_with(features: Features, score: Callable[[Features, slice], Scores]) -> Scores:
    """The scores of all rows, CHUNK_ROWS of them at a time, by a function that is also told which rows they are."""
    scores = np.empty((features.num_rows, N_PRODUCTS), dtype=np.float32)
    for start in range(0, features.num_rows, CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        scores[part] = score(features.slice(start, CHUNK_ROWS), part)
    return scores


def in_declared_order(features: Collection[str]) -> tuple[str, ...]:
    """These features in the order of the declaration, then those of a user's families."""
    return (*(name for name in FEATURE_NAMES if name in features), *sorted(set(features) - set(FEATURE_NAMES)))


class Recommender(ABC):
    """A fitted model. It does not change any more; ``fit`` and ``load`` are the ways to get one."""

    kind: ClassVar[str]
    settings_type: ClassVar[type[KindSettings]]
    packages: tuple[str, ...] = ()
    """Packages that a model of the kind needs to load and score, by name, besides those of every model."""

    trains_on_workers: ClassVar[bool] = False
    """Whether the kind is fitted where the rows are; if not, they come to the driver."""

    loss_is_of_whole_model: ClassVar[bool] = True
    """Whether the loss that a Progress is told is that of the whole model, so that two fits can be compared by it."""

    settings: KindSettings
    prior: Prior
    """For each product (24) the share of customer-months of the fit in which it was added."""

    @classmethod
    @abstractmethod
    def fit(
        cls,
        settings: Any,
        training: TrainingData,
        validation: TrainingData | None = None,
        progress: Progress = no_progress,
    ) -> Self:
        """Fit with settings of the kind; ``validation`` may decide when to stop, never what is learned. Raises TooLittleData."""

    @abstractmethod
    def score(self, features: Features) -> Scores:
        """Return the score of each product (rows x 24, float32), higher for likelier, NaN where the model has none.

        ``features`` has a row per customer and the columns of ``feature_names``. Only the order within a row has a meaning.
        """

    @property
    @abstractmethod
    def feature_names(self) -> tuple[str, ...]:
        """The features that ``score`` and ``rank`` read, in the order of the declaration; rows need no others."""

    @property
    def families(self) -> Families:
        """The user's families of features among those that it reads."""
        return {}

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the model below an existing folder, without pickle."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; needs no more than the packages the model itself uses."""

    @property
    def fingerprint(self) -> str:
        """A hash of what ``save`` writes: two models with the same one are the same."""
        return fingerprint_of(self.save, self.kind, self._telling)

    def _telling(self, file: Path) -> bytes:
        """Return the part of a saved file by which models are the same: all of it, unless a kind's files carry more."""
        return file.read_bytes()

    @property
    def rounds(self) -> int | None:
        """Boosting rounds of the fit; None for a kind without rounds."""
        return None

    def with_rounds(self, rounds: int | None) -> KindSettings:
        """The settings for fitting the same again with this many rounds."""
        return self.settings if rounds is None else self.settings.model_copy(update={"rounds": rounds})

    @property
    def settings_as_fitted(self) -> KindSettings:
        """The settings for fitting the same again, also where the declaration of features has grown since."""
        return self.settings

    def rank(self, features: Features, scores: Scores) -> Ranks:
        """Lists (rows x 7, see ``top_products``) from scores of the same rows; owned products are left out."""
        return top_products(scores, integers(features, "owned", unknown=0), self.prior)

    def contributions(self, features: Features) -> Contributions | None:  # noqa: ARG002  (most kinds read them)
        """Return what each column adds to the margin of each product; None for a kind that cannot tell.

        It takes about 10 kB a row, so that callers give it some thousand rows at a time.
        """
        return None

    def importance(self) -> dict[str, float]:
        """Return the importance of each model column, as shares that sum to 1; empty for a kind that has none."""
        return {}
