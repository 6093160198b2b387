"""What may vary is a file: the recipes that compete, and for each its settings and the weights of its months."""

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, ValidationError, field_validator, model_validator

from santander.config.conf_files import read_conf_file, wrong_file
from santander.errors import InputError
from santander.models.packages import missing
from santander.training.recipe import Recipe, RecipePart
from santander.tune.variant import Variant, value_at, variant_of

Number = int | float
GRID_POINTS = 3
"""Values that a grid takes of a range without a step. No setting: a range that wants more of them says its step."""


class Range(RecipePart):
    """Numbers from ``low`` to ``high``, whole ones where both are written as whole numbers."""

    model_config = ConfigDict(strict=True)

    low: Number
    high: Number
    step: Number | None = Field(default=None, gt=0)
    log: bool = False
    """Whether halving counts as much as doubling."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.high <= self.low:
            raise ValueError(f"'high' {self.high} must lie above 'low' {self.low}")
        if self.log and self.low <= 0:
            raise ValueError(f"'log' needs a 'low' above 0, not {self.low}")
        if self.log and self.step is not None:
            raise ValueError("'log' and 'step' exclude each other")
        return self

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return all(isinstance(number, int) for number in (self.low, self.high, self.step or 1))

    def holds(self, value: Any) -> bool:
        """Whether a value lies in the range; the step does not count."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def points(self) -> tuple[Any, ...]:
        """The values a grid takes."""
        if self.step is not None:
            return tuple(self.low + i * self.step for i in range(int((self.high - self.low) / self.step + 1e-9) + 1))
        parts = [i / (GRID_POINTS - 1) for i in range(GRID_POINTS)]
        spread = [self.low * (self.high / self.low) ** p if self.log else self.low + p * (self.high - self.low) for p in parts]
        return tuple(dict.fromkeys(round(value) if self.whole else float(f"{value:.3g}") for value in spread))


class Choices(RecipePart):
    """One of these values; a value may be a list, such as the groups of columns."""

    choices: tuple[Any, ...] = Field(min_length=1)

    def holds(self, value: Any) -> bool:
        """Whether a value is one of them."""
        return value in self.choices

    def points(self) -> tuple[Any, ...]:
        """All of them."""
        return self.choices


def _shape(value: Any) -> str:
    return "choices" if isinstance(value, Choices) or (isinstance(value, dict) and "choices" in value) else "range"


Varied = Annotated[Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")], Discriminator(_shape)]


class Competitor(RecipePart):
    """A recipe and what of it varies."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    fixed: dict[str, Any] = Field(default_factory=dict)
    """Settings of every trial but the one of the recipe as it is, such as the most rounds."""
    settings: dict[str, Varied] = Field(default_factory=dict)
    """By the kind's names; ``a.b`` is the entry ``b`` of the setting ``a``."""
    months: dict[str, Varied] = Field(default_factory=dict)
    """The weight of the stretch that begins so many months back, ``12``, or of one product in it, ``12.taxes``."""

    @field_validator("fixed", "settings", "months", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return {} if value is None else value

    @property
    def vary(self) -> dict[str, Range | Choices]:
        """Return the ranges of the space by the name that each has in a variant."""
        return {**self.settings, **{f"months.{place}": varied for place, varied in self.months.items()}}


class Space(RecipePart):
    """The recipes that compete."""

    name: str
    recipes: dict[str, Competitor] = Field(min_length=1)

    @classmethod
    def load(cls, name: str) -> "Space":
        """Read ``spaces/NAME.yaml`` of conf/local, else of conf/base; raises InputError in one line."""
        content = read_conf_file("spaces", name, "space")
        try:
            return cls(**{**content, "name": name})
        except ValidationError as error:
            raise wrong_file("spaces", name, "space", error) from None


def competing(space: Space) -> dict[str, Recipe]:
    """Return the recipes of a space whose packages are installed, in its order.

    Raises InputError for a recipe that is not there, and for what varies that it does not have or its kind refuses.
    """
    recipes = {name: Recipe.load(name) for name in space.recipes}
    for name, recipe in recipes.items():
        try:
            _check(recipe, space.recipes[name])
        except InputError as error:
            raise wrong_file("spaces", space.name, "space", InputError(f"recipe {name}: {error}")) from None
    lacking = {name: missing(recipe.model.packages) for name, recipe in recipes.items()}
    if all(lacking.values()):
        wanted = sorted({package for packages in lacking.values() for package in packages})
        line = f"space {space.name}: none of its recipes can be fitted here, missing are {', '.join(wanted)}"
        raise InputError(line, hint=f"install {wanted[0]}, or name another with --space")
    return {name: recipe for name, recipe in recipes.items() if not lacking[name]}


def families_of(space: Space, recipes: dict[str, Recipe]) -> frozenset[str]:
    """Return the user's families of features that any trial may learn from."""
    tried = list(recipes.values())
    for name, recipe in recipes.items():
        varied = space.recipes[name].settings.get("columns")
        tried += [variant_of(recipe, {"columns": choice}) for choice in (varied.choices if isinstance(varied, Choices) else ())]
    return frozenset(name for recipe in tried for name in recipe.families)


def grid_of(space: Space, recipes: dict[str, Recipe]) -> Iterator[Variant]:
    """Every combination of the points of what varies, recipe by recipe."""
    for name in recipes:
        vary = space.recipes[name].vary
        for values in product(*(varied.points() for varied in vary.values())):
            yield Variant(name, dict(zip(vary, values, strict=True)))


def _check(recipe: Recipe, competitor: Competitor) -> None:
    """Try every end, the middle and every choice, one at a time."""
    settings = variant_of(recipe, competitor.fixed)
    for path, varied in competitor.vary.items():
        value_at(recipe, path)
        middle = () if isinstance(varied, Choices) or varied.whole else ((varied.low + varied.high) / 2,)
        ends = varied.choices if isinstance(varied, Choices) else (varied.low, varied.high)
        for value in (*ends, *middle):
            variant_of(settings, {path: value})
