"""What training leaves: fitted models that may take the champion's place."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from santander.models.chances import Chances
from santander.models.month_weight import MonthWeight
from santander.models.recommender import Recommender
from santander.schema.months import Month
from santander.training.plan import FitName
from santander.training.recipe import Recipe


@dataclass(frozen=True)
class Fit:
    """A fitted model, the baseline of the same months, and the months it has seen."""

    name: FitName
    model: Recommender
    baseline: Recommender
    weights: dict[Month, MonthWeight]
    validation: Month | None = None
    seconds: float = 0.0
    trained_on: str = "the driver"
    """Where the rows of the fit were: in the driver, or how many workers of Spark trained together."""
    chances: Chances | None = None
    """What makes chances of the model's scores; None in versions that were registered before there were chances."""
    baseline_chances: Chances | None = None
    """What makes chances of the baseline's scores, should it be registered as the first champion; not kept in a version."""

    @property
    def seen(self) -> frozenset[Month]:
        """The months it must not be judged on: those of the fit and the one that chose its rounds."""
        return frozenset(self.weights) | (frozenset() if self.validation is None else {self.validation})

    @property
    def last_month(self) -> Month:
        """The latest month of the fit."""
        return max(self.weights)


@dataclass(frozen=True)
class Candidate:
    """A recipe fitted for a target month."""

    recipe: Recipe
    target: Month
    fits: dict[FitName, Fit] = field(default_factory=dict)

    @property
    def families(self) -> frozenset[str]:
        """The names of the user's families that its models read."""
        return frozenset(name for fit in self.fits.values() for name in fit.model.families)

    @property
    def gate(self) -> Month:
        """The month it is judged on."""
        return self.target - 1

    @property
    def scoring(self) -> Fit:
        """The fit that scores the target: the promoted one, else the judged one."""
        return self.fits.get(FitName.PROMOTED) or self.fits[FitName.JUDGED]

    def fit_to_judge(self, month: Month) -> Fit | None:
        """The fit that saw the most without having seen the month or any later one; None when there is none."""
        name = blind_to(month, {name: (fit.weights, fit.validation) for name, fit in self.fits.items()})
        return None if name is None else self.fits[FitName(name)]


def blind_to(month: Month, fits: Mapping[str, tuple[Collection[Month], Month | None]]) -> str | None:
    """Return the name of the fit that saw the most without having seen the month or any later one; None when there is none.

    ``fits`` has for each name the months of the fit, and the one that chose its rounds.
    """
    blind = {
        name: max(fitted)
        for name, (fitted, validation) in fits.items()
        if all(seen < month for seen in fitted) and (validation is None or validation < month)
    }
    return max(blind, key=lambda name: blind[name], default=None)
