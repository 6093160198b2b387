"""A model variant is a file: which kind, which settings, which months before the one it is to predict."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from santander.config.conf_files import read_conf_file, wrong_file
from santander.config.family_files import own_families
from santander.errors import InputError, did_you_mean
from santander.models.family_columns import Families, FamilyColumns
from santander.models.kinds import kind_named, settings_of
from santander.models.month_weight import MonthWeight
from santander.models.on_columns import ColumnRecommender, ColumnSettings
from santander.models.rate import RateSettings
from santander.models.recommender import KindSettings, Recommender
from santander.schema.column_groups import ColumnGroup
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES

_FAMILIES = "families"
"""Entry of the settings with what the files of families declare: a recipe that was read keeps it, whatever becomes of them."""


class RecipePart(BaseModel):
    """A part of a file in conf: frozen, and an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class MonthsBefore(RecipePart):
    """A stretch of months before the one to predict, and the weight of each addition in them.

    ``products`` gives other weights to additions of some products, such as seasonal ones a year before; 0 leaves them out.
    """

    first: int = Field(alias="from", ge=1)
    last: int = Field(alias="to", ge=1)
    weight: float = Field(default=1.0, ge=0)
    products: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"from {self.first} to {self.last} holds no month: 'to' is the older one")
        if unknown := sorted(set(self.products) - set(PRODUCT_NAMES)):
            raise ValueError(f"no such product: {', '.join(unknown)}; {did_you_mean(unknown[0], PRODUCT_NAMES)}")
        if not any((self.weight, *self.products.values())):
            raise ValueError("no addition counts: give a weight above 0, to all products or to some")
        return self

    @property
    def month_weight(self) -> MonthWeight:
        """The weight of each month of the stretch."""
        return MonthWeight(self.weight, tuple((name, self.products[name]) for name in PRODUCT_NAMES if name in self.products))


class Fits(RecipePart):
    """Which of the three fits are made."""

    rounds: bool
    judged: bool
    promoted: bool


class Recipe(RecipePart):
    """How a model is made for any month. Two recipes with one ``fingerprint`` make the same model of the same months."""

    name: str
    kind: str
    months: tuple[MonthsBefore, ...] = Field(min_length=1)
    fits: Fits
    settings: dict[str, Any]
    chances: RateSettings = RateSettings()
    _columns: tuple[str, ...] | None = PrivateAttr(default=None)

    @classmethod
    def load(cls, name: str) -> "Recipe":
        """Read ``recipes/NAME.yaml`` of conf/local, else of conf/base; raises InputError in one line."""
        content = read_conf_file("recipes", name, "recipe")
        try:
            recipe = cls(**{"name": name, **content})
            settings = {name: value for name, value in recipe.settings.items() if name != _FAMILIES}
            if issubclass(recipe.model.settings_type, ColumnSettings):
                recipe = recipe.model_copy(update={"settings": _with_families(settings)})
            recipe.model_settings  # noqa: B018  (checked here)
        except InputError as error:
            raise (error if error.file else wrong_file("recipes", name, "recipe", error)) from None
        except ValidationError as error:
            raise wrong_file("recipes", name, "recipe", error) from None
        return recipe

    def with_rounds(self, rounds: int | None) -> "Recipe":
        """The recipe with another number of boosting rounds; raises InputError for a kind that has none."""
        if rounds is None:
            return self
        changed = self.model_copy(update={"settings": {**self.settings, "rounds": rounds}})
        changed.model_settings  # noqa: B018  (checked here)
        return changed

    def on_columns_of(self, model: Recommender) -> "Recipe":
        """The recipe for the very columns that a model of it was fitted on, whatever the declaration has gained since."""
        same = self.model_copy()
        same._columns = model.plan.names if isinstance(model, ColumnRecommender) else None  # noqa: SLF001
        return same

    @property
    def model(self) -> type[Recommender]:
        """The class of the recipe's kind."""
        return kind_named(self.kind)

    @property
    def model_settings(self) -> KindSettings:
        """The checked settings of the kind."""
        of_columns = issubclass(self.model.settings_type, ColumnSettings)
        settings = settings_of(self.model, _with_families(self.settings) if of_columns else self.settings)
        return settings.on(self._columns) if self._columns is not None and isinstance(settings, ColumnSettings) else settings

    @property
    def families(self) -> frozenset[str]:
        """The names of the user's families that its model learns from."""
        settings = self.model_settings
        return frozenset(settings.families) if isinstance(settings, ColumnSettings) else frozenset()

    @property
    def fingerprint(self) -> str:
        """A hash of everything but the name and the choice of fits."""
        settings = self.model_settings.model_dump_json()
        months = [stretch.model_dump_json(exclude=None if stretch.products else {"products"}) for stretch in self.months]
        chances = [] if self.chances == RateSettings() else [self.chances.model_dump_json()]
        return hashlib.sha256("|".join([self.kind, settings, *months, *chances]).encode()).hexdigest()[:16]

    def months_before(self, predicted: Month) -> list[Month]:
        """The fit months for predicting one month, known or not, in order."""
        return sorted({predicted - back for stretch in self.months for back in range(stretch.first, stretch.last + 1)})

    def weights_before(self, predicted: Month, labelled: Sequence[Month]) -> dict[Month, MonthWeight]:
        """Return the labelled fit months for predicting one month, and their weights, summed where two stretches name a month."""
        weights: dict[Month, MonthWeight] = {}
        for stretch in self.months:
            for back in range(stretch.first, stretch.last + 1):
                month = predicted - back
                if month in labelled:
                    weight = stretch.month_weight
                    weights[month] = weights[month].plus(weight) if month in weights else weight
        return dict(sorted(weights.items()))


def declared_families() -> Families:
    """Return the families that files of conf declare, as models keep them."""
    return {family.name: FamilyColumns.of(family.entity, family.features) for family in own_families()}


def _with_families(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with what they lack of the families that ``columns`` names; raises InputError for an unknown name."""
    columns = settings.get("columns")
    named = [str(name) for name in columns if name not in tuple(ColumnGroup)] if isinstance(columns, list | tuple) else []
    known = dict(settings.get(_FAMILIES, {}))
    if not known.keys() >= set(named):
        known = {name: facts.model_dump(mode="json") for name, facts in declared_families().items()} | known
    for name in named:
        if name not in known:
            near = did_you_mean(name, [*ColumnGroup, *known])
            raise InputError(f"columns: there is no group and no family of features '{name}'", example=name, hint=near)
    plain = {name: value for name, value in settings.items() if name != _FAMILIES}
    return {**plain, _FAMILIES: {name: known[name] for name in named}} if named else plain
