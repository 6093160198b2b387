"""What a saved model of product classes cannot say of itself, as one JSON file beside its trees or coefficients."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from santander.errors import SantanderError
from santander.features.expansion import ColumnPlan
from santander.models.classes import Classes
from santander.models.ranking import Prior
from santander.models.recommender import KindSettings
from santander.schema.products import PRODUCT_NAMES

S = TypeVar("S", bound=KindSettings)


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
        """Read what ``write`` wrote; raises SantanderError when this code would expand to other columns."""
        facts = json.loads(file.read_text())
        settings = settings_type(**facts["settings"])
        plan = ColumnPlan(settings.columns)  # type: ignore[attr-defined]
        if list(plan.names) != facts["columns"]:
            raise SantanderError(f"the model in {file.parent} was fitted on other columns than this version of the code makes")
        return cls(settings, plan, Classes.read(facts), np.array([facts["prior"][name] for name in PRODUCT_NAMES]))
