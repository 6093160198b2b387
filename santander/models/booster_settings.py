"""Settings that the kinds made by XGBoost have in common."""

from typing import Any, ClassVar

from pydantic import Field

from santander.models.additions import RowWeight
from santander.models.on_columns import ColumnSettings


class BoosterSettings(ColumnSettings):
    """Settings of a booster by XGBoost's names where it has one; ``columns`` are groups of model columns."""

    added_later: ClassVar[frozenset[str]] = ColumnSettings.added_later | frozenset({"subsample", "row_weight", "max_delta_step"})

    rounds: int = Field(ge=1)
    early_stopping_rounds: int = Field(default=10, ge=1)
    max_depth: int = Field(ge=1)
    eta: float = Field(gt=0, le=1)
    min_child_weight: float = Field(default=1.0, ge=0)
    reg_lambda: float = Field(default=1.0, ge=0)
    colsample_bytree: float = Field(default=1.0, gt=0, le=1)
    max_bin: int = Field(default=64, ge=2)
    min_additions: int = Field(default=1, ge=1)
    """A product with fewer examples is rare: see the kind for what becomes of it."""
    seed: int = 0
    subsample: float = Field(default=1.0, gt=0, le=1)
    """The share of the examples that each round draws, without putting back."""
    row_weight: RowWeight = RowWeight.ADDITION
    max_delta_step: float = Field(default=0.0, ge=0)
    """The most a leaf may move a margin in a round, before ``eta``; 0 for no bound. A bound keeps large steps from overshooting
    where a class is rare."""

    def parameters(self, objective: str, eval_metric: str) -> dict[str, Any]:
        """XGBoost's parameters, without the number of classes and threads."""
        own = {"max_depth", "eta", "min_child_weight", "reg_lambda", "colsample_bytree", "max_bin", "seed", "subsample"}
        settings = self.model_dump(include=own)
        if self.max_delta_step:
            settings["max_delta_step"] = self.max_delta_step
        return {"objective": objective, "eval_metric": eval_metric, "tree_method": "hist", **settings}
