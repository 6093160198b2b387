"""What a model keeps of a user's family that it learns from: enough to load and to score without the family's file."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from santander.schema.features import Feature


class FeatureFacts(BaseModel):
    """Type, legal range and meaning of a feature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    range: tuple[float | None, float | None] | None
    meaning: str

    @property
    def words(self) -> str:
        """The range for people."""
        match self.range:
            case None:
                return "true or false"
            case (None, None):
                return "any number"
            case (low, None):
                return f"{low:g} and more"
            case (None, high):
                return f"{high:g} and less"
        return f"{self.range[0]:g} to {self.range[1]:g}"

    @classmethod
    def of(cls, feature: Feature) -> Self:
        """Return what a declared feature says of itself."""
        legal = feature.range
        return cls(type=feature.type, range=None if legal is None else (legal.low, legal.high), meaning=feature.meaning)


class FamilyColumns(BaseModel):
    """A family as a model learned from it: what its rows are about, and its features by name in declared order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entity: str
    features: dict[str, FeatureFacts]

    @classmethod
    def of(cls, entity: str, features: Iterable[Feature]) -> Self:
        """Return what a declaration says of a family."""
        return cls(entity=entity, features={each.name: FeatureFacts.of(each) for each in features})

    def definitions(self, family: str) -> dict[str, dict[str, Any]]:
        """Each feature as ``kind.json`` of a saved model names it."""
        return {
            name: {"family": family, "entity": self.entity, **facts.model_dump(mode="json")}
            for name, facts in self.features.items()
        }


Families = Mapping[str, FamilyColumns]
"""By name."""
