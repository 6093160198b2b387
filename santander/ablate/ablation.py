"""What each step of a recipe adds: a file of steps, each a change to the one before it, and the fits that its table needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationError

from santander.config.conf_files import read_conf_file, wrong_file
from santander.errors import InputError
from santander.schema.months import Month
from santander.training.plan import MonthPlan, plan_months
from santander.training.recipe import Fits, MonthsBefore, Recipe, RecipePart


class Step(RecipePart):
    """One row of the table: a name, and what it changes of the recipe of another row.

    ``after`` names that row; without it, it is the row above. ``recipe`` begins anew from a recipe of ``conf``. ``settings``
    are laid over those there are, and null takes one away; with another ``kind`` they are all there is. ``search_rounds``
    switches the search for the number of rounds on the month before the judged one.
    """

    name: str = Field(min_length=1)
    after: str | None = None
    recipe: str | None = None
    kind: str | None = None
    months: tuple[MonthsBefore, ...] | None = Field(default=None, min_length=1)
    search_rounds: bool | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """A step as a whole recipe, and the name of the one it is compared with; None for the first."""

    name: str
    after: str | None
    recipe: Recipe


class Ablation(RecipePart):
    """The steps of one table, in the order of its rows."""

    name: str
    steps: tuple[Step, ...] = Field(min_length=1)

    @classmethod
    def load(cls, name: str) -> "Ablation":
        """Read ``ablations/NAME.yaml`` of conf/local, else of conf/base; raises InputError in one line."""
        content = read_conf_file("ablations", name, "ablation")
        try:
            ablation = cls(**{"name": name, **content})
            ablation.variants()
        except (ValidationError, InputError) as error:
            raise wrong_file("ablations", name, "ablation", error) from None
        return ablation

    def variants(self) -> list[Variant]:
        """Return each step as a whole recipe; raises InputError that names the step that cannot be made."""
        made: dict[str, Recipe] = {}
        variants: list[Variant] = []
        for step in self.steps:
            if step.name in made:
                raise InputError(f"two steps are named '{step.name}'", hint="give each a name of its own")
            base = step.after or (variants[-1].name if variants else None)
            try:
                made[step.name] = _recipe_of(step, made, base)
            except InputError as error:
                raise InputError(f"step '{step.name}': {error}") from None
            variants.append(Variant(step.name, base, made[step.name]))
        return variants


def _recipe_of(step: Step, made: dict[str, Recipe], base: str | None) -> Recipe:
    if base is not None and base not in made:
        raise InputError(f"'{base}', which it follows, is not a step above it", hint="name one that stands above it")
    if step.recipe is not None:
        before = Recipe.load(step.recipe)
    elif base is None:
        raise InputError("the first step has no recipe to begin with", hint="give it one: 'recipe: next_products'")
    else:
        before = made[base]
    kind = step.kind or before.kind
    laid_over = step.settings if kind != before.kind else {**before.settings, **step.settings}
    search = before.fits.rounds if step.search_rounds is None else step.search_rounds
    recipe = Recipe(
        name=step.name,
        kind=kind,
        months=step.months or before.months,
        fits=Fits(rounds=search, judged=True, promoted=False),
        settings={name: value for name, value in laid_over.items() if value is not None},
    )
    recipe.model_settings  # noqa: B018  (checked here)
    return recipe


@dataclass(frozen=True)
class TablePlan:
    """Which fits the table needs: one a step and judged month."""

    ablation: str
    variants: tuple[Variant, ...]
    labelled: frozenset[Month]
    fits: dict[Month, dict[str, MonthPlan]]

    @property
    def judged(self) -> list[Month]:
        """The months that are judged, in the order asked."""
        return list(self.fits)

    @property
    def families(self) -> frozenset[str]:
        """The user's families of features that any step learns from."""
        return frozenset(name for variant in self.variants for name in variant.recipe.families)

    @property
    def months(self) -> list[Month]:
        """Every month whose additions the table is made from, in order."""
        fitted = {month for plans in self.fits.values() for plan in plans.values() for month in plan.months}
        return sorted(fitted | (set(self.judged) & self.labelled))


def plan_table(ablation: Ablation, target: Month | None, also: Sequence[Month], labelled: Sequence[Month]) -> TablePlan:
    """Plan the fits that predict the month before ``target`` (by default the last of ``labelled``) and the months of ``also``.

    Months with known additions are predicted by the judged fit, others by the promoted one. Raises TooFewMonths.
    """
    gate = (target or (labelled[-1] + 1 if labelled else Month(1, 1))) - 1
    variants = tuple(ablation.variants())
    fits: dict[Month, dict[str, MonthPlan]] = {}
    for month in dict.fromkeys([gate, *also]):
        known = month in labelled or month == gate
        for variant in variants:
            made = Fits(rounds=variant.recipe.fits.rounds, judged=known, promoted=not known)
            recipe = variant.recipe.model_copy(update={"fits": made})
            plan = plan_months(recipe, month + 1 if known else month, labelled)
            fits.setdefault(month, {})[variant.name] = plan
    return TablePlan(ablation.name, variants, frozenset(labelled), fits)
