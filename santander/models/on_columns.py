"""What kinds that learn from a matrix of columns have in common: settings, features, and what is saved beside the trees."""

import json
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np
from pydantic import PrivateAttr

from santander.features.expansion import ColumnPlan, Features, UnknownColumn
from santander.models.classes import Classes
from santander.models.fitted_on import ChangedFeatures, refuse_other_products
from santander.models.ranking import Prior, Scores
from santander.models.recommender import KindSettings, Recommender, in_chunks, in_declared_order
from santander.schema.column_groups import ColumnGroup
from santander.schema.products import PRODUCT_NAMES


class ColumnSettings(KindSettings):
    """Settings of a kind that learns from columns; ``columns`` are groups of them."""

    columns: tuple[ColumnGroup, ...]
    _fitted: tuple[str, ...] | None = PrivateAttr(default=None)

    @property
    def plan(self) -> ColumnPlan:
        """The columns to fit on: those that the groups have now, unless ``on`` named others."""
        return ColumnPlan(self.columns, self._fitted)

    def on(self, columns: tuple[str, ...]) -> Self:
        """Return the settings for these very columns, whatever the groups have gained since; not part of what is written."""
        same = self.model_copy()
        same._fitted = columns  # noqa: SLF001  (a frozen model has no other way)
        return same


S = TypeVar("S", bound=ColumnSettings)


@dataclass(frozen=True)
class SavedFacts(Generic[S]):
    """Settings, columns in order, classes in order, and the prior of each product."""

    settings: S
    plan: ColumnPlan
    classes: Classes
    prior: Prior

    def write(self, file: Path) -> None:
        """Write the file."""
        facts = {
            "settings": self.settings.model_dump(mode="json"),
            "columns": self.plan.names,
            **self.classes.written(),
            "prior": dict(zip(PRODUCT_NAMES, self.prior.tolist(), strict=True)),
        }
        file.write_text(json.dumps(facts, indent=1))

    @classmethod
    def read(cls, file: Path, settings_type: type[S]) -> "SavedFacts[S]":
        """Read what ``write`` wrote; raises ChangedProducts, and ChangedFeatures for a column that this code does not make."""
        facts = json.loads(file.read_text())
        what = f"the model in {file.parent}"
        refuse_other_products(facts["prior"], what)
        settings = settings_type(**facts["settings"])
        try:
            plan = ColumnPlan(settings.columns, tuple(facts["columns"]))
        except UnknownColumn as unknown:
            raise ChangedFeatures(f"{what} was fitted on other columns than this version of the code makes: {unknown}") from None
        return cls(settings, plan, Classes.read(facts), np.array([facts["prior"][name] for name in PRODUCT_NAMES]))


class ColumnRecommender(Recommender):
    """A model of columns; ``facts`` is what its trees or coefficients cannot say of themselves."""

    settings: ColumnSettings

    def __init__(self, facts: "SavedFacts[Any]") -> None:
        self.facts = facts
        self.settings, self.plan, self.classes, self.prior = facts.settings, facts.plan, facts.classes, facts.prior

    def score(self, features: Features) -> Scores:
        """The probability of each product given that something is added; NaN for the products left out."""
        return in_chunks(features, self._score)

    @abstractmethod
    def _score(self, rows: Features) -> Scores: ...

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features behind the columns, and what a customer owns."""
        return in_declared_order({*self.plan.features, "owned"})

    @property
    def settings_as_fitted(self) -> ColumnSettings:
        """The settings for fitting the same again on the same columns."""
        return self.settings.on(self.plan.names)
