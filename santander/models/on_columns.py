"""What the kinds have in common that learn from a matrix of columns: which columns, and the features behind them."""

from typing import Self

from pydantic import PrivateAttr

from santander.features.expansion import ColumnGroup, ColumnPlan
from santander.models.recommender import KindSettings, Recommender, in_declared_order


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


class ColumnRecommender(Recommender):
    """A model of columns. A saved one asks for those it was fitted on, by name."""

    settings: ColumnSettings
    plan: ColumnPlan

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features behind the columns, and what a customer owns."""
        return in_declared_order({*self.plan.features, "owned"})

    @property
    def settings_as_fitted(self) -> ColumnSettings:
        """The settings for fitting the same again on the same columns."""
        return self.settings.on(self.plan.names)
