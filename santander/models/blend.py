"""Several registered models as one: the weighted mean of their probabilities. It learns nothing and needs no registry to load."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from santander.errors import InputError
from santander.features.expansion import Features, bits_of, integers
from santander.models.contributions import Contributions
from santander.models.family_columns import Families
from santander.models.ranking import Prior, Scores
from santander.models.recommender import KindSettings, Recommender, in_chunks, in_declared_order
from santander.models.saving import load_recommender, save_recommender
from santander.models.shares import shares_of
from santander.schema.products import PRODUCT_NAMES

_FACTS, _MEMBERS = "blend.json", "members"


class Member(BaseModel):
    """A registered version, by number or by alias, and how much its probabilities count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int | None = Field(default=None, ge=1)
    alias: str | None = None
    weight: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.version is None) == (self.alias is None):
            raise ValueError("a member is named by its version or by an alias, not by both")
        return self


class BlendSettings(KindSettings):
    """Who is blended."""

    members: tuple[Member, ...] = Field(min_length=2)


class Blend(Recommender):
    """The weighted mean of the members; the settings of the kind are ``BlendSettings``."""

    kind: ClassVar[str] = "blend"
    settings_type: ClassVar[type[KindSettings]] = BlendSettings

    settings: BlendSettings

    def __init__(self, settings: BlendSettings, members: Sequence[Recommender]) -> None:
        """``members`` in the order of the settings."""
        self.settings, self.members = settings, tuple(members)
        self.packages = tuple(dict.fromkeys(package for member in members for package in member.packages))
        self.prior: Prior = np.average([member.prior for member in members], axis=0, weights=self._weights)

    @classmethod
    def fit(cls, *_: Any, **__: Any) -> Self:
        """Raises InputError: months alone do not make a blend."""
        raise InputError("a blend is made of registered versions by 'santander train': it has nothing to fit on months")

    @property
    def _weights(self) -> list[float]:
        return [member.weight for member in self.settings.members]

    def score(self, features: Features) -> Scores:
        """The weighted mean of the members' probabilities among the products a customer does not own; 0 for the others."""
        return in_chunks(features, self._score)

    def _score(self, rows: Features) -> Scores:
        open_ = bits_of(integers(rows, "owned", unknown=0)) == 0
        each = [shares_of(member.score(rows), open_, member.prior) for member in self.members]
        return np.average(each, axis=0, weights=self._weights).astype(np.float32)

    def contributions(self, features: Features) -> Contributions | None:
        """The weighted mean of the margins of the members that can tell, each with its own columns; None where none can."""
        each = [(member.contributions(features), weight) for member, weight in zip(self.members, self._weights, strict=True)]
        told = [(found, weight) for found, weight in each if found is not None]
        return Contributions.mean(told) if told else None

    def importance(self) -> dict[str, float]:
        """The weighted mean over the members that can say."""
        importances = [(member.importance(), weight) for member, weight in zip(self.members, self._weights, strict=True)]
        total = sum(weight for importance, weight in importances if importance) or 1.0
        columns = dict.fromkeys(column for importance, _ in importances for column in importance)
        return {
            column: sum(importance.get(column, 0.0) * weight for importance, weight in importances) / total for column in columns
        }

    @property
    def fingerprint(self) -> str:
        """A hash of the members and their weights: two blends with the same one are the same."""
        content = json.dumps([self.kind, self._weights, [member.fingerprint for member in self.members]])
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features of all members."""
        return in_declared_order({name for member in self.members for name in member.feature_names})

    @property
    def families(self) -> Families:
        """The families of all members."""
        return {name: facts for member in self.members for name, facts in member.families.items()}

    def save(self, folder: Path) -> None:
        """Write every member whole, each as its own kind does."""
        facts = {"settings": self.settings.model_dump(mode="json"), "prior": dict(zip(PRODUCT_NAMES, self.prior, strict=True))}
        (folder / _FACTS).write_text(json.dumps(facts, indent=1))
        for position, member in enumerate(self.members):
            save_recommender(member, folder / _MEMBERS / str(position))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        settings = BlendSettings(**json.loads((folder / _FACTS).read_text())["settings"])
        places = (folder / _MEMBERS / str(position) for position in range(len(settings.members)))
        return cls(settings, [load_recommender(place) for place in places])
