"""Which fits an ablation table needs."""

from collections.abc import Sequence
from dataclasses import dataclass

from santander.ablate.ablation import Ablation, Variant
from santander.schema.months import Month
from santander.training.plan import MonthPlan, plan_months
from santander.training.recipe import Fits


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
    def months(self) -> list[Month]:
        """Every month whose additions the table is made from, in order."""
        fitted = {month for plans in self.fits.values() for plan in plans.values() for month in plan.months}
        return sorted(fitted | (set(self.judged) & self.labelled))


def plan_table(ablation: Ablation, target: Month | None, also: Sequence[Month], labelled: Sequence[Month]) -> TablePlan:
    """Plan the fits that predict the month before ``target`` and the months of ``also``.

    ``target`` is by default the month after the last of ``labelled``. A month whose additions are known is predicted by the
    judged fit, another one by the promoted fit. Raises InputError when a fit would have no months to learn from.
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
