"""What a saved model of product classes cannot say of itself, as one JSON file beside its trees or coefficients."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from santander.features.expansion import ColumnPlan, UnknownColumn
from santander.models.classes import Classes
from santander.models.fitted_on import ChangedFeatures, refuse_other_products
from santander.models.on_columns import ColumnSettings
from santander.models.ranking import Prior
from santander.schema.products import PRODUCT_NAMES

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
