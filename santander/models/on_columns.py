"""What kinds that learn from a matrix of columns have in common: settings, features, and what is saved beside the trees."""

import json
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from santander.errors import did_you_mean
from santander.features.expansion import ColumnPlan, Features, UnknownColumn
from santander.models.classes import Classes
from santander.models.family_columns import Families, FamilyColumns
from santander.models.fitted_on import ChangedFeatures, refuse_other_products
from santander.models.ranking import Prior, Scores
from santander.models.recommender import KindSettings, Recommender, in_chunks, in_declared_order
from santander.schema.column_groups import ColumnGroup
from santander.schema.products import PRODUCT_NAMES


class ColumnSettings(KindSettings):
    """Settings of a kind that learns from columns; ``columns`` are groups of them and names of a user's families."""

    added_later: ClassVar[frozenset[str]] = frozenset({"families"})

    families: dict[str, FamilyColumns] = Field(default={})
    """The families among ``columns``, as their files declare them where a recipe is read, and as written from then on."""
    columns: tuple[str, ...]
    _fitted: tuple[str, ...] | None = PrivateAttr(default=None)

    @field_validator("columns")
    @classmethod
    def _are_known(cls, columns: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for name in columns:
            if name not in _GROUPS and name not in info.data.get("families", {}):
                raise ValueError(f"there is no group of columns '{name}': {did_you_mean(name, _GROUPS)}")
        return columns

    @property
    def plan(self) -> ColumnPlan:
        """The columns to fit on: those that the groups have now, unless ``on`` named others."""
        return ColumnPlan(self.columns, self._fitted, {name: tuple(each.features) for name, each in self.families.items()})

    def on(self, columns: tuple[str, ...]) -> Self:
        """Return the settings for these very columns, whatever the groups have gained since; not part of what is written."""
        same = self.model_copy()
        same._fitted = columns  # noqa: SLF001  (a frozen model has no other way)
        return same


_GROUPS = tuple(group.value for group in ColumnGroup)


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
            plan = settings.on(tuple(facts["columns"])).plan
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
    def families(self) -> Families:
        """The families among its columns, as they were when it was fitted."""
        return self.settings.families

    @property
    def settings_as_fitted(self) -> ColumnSettings:
        """The settings for fitting the same again on the same columns."""
        return self.settings.on(self.plan.names)
