"""One line of an ablation table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from santander.schema.months import Month
from santander.training.recipe import Recipe


@dataclass(frozen=True)
class AblationRow:
    """One step judged on one month. Shares, gains and bounds are fractions; None where there is nothing to divide by.

    ``gain`` is the change of MAP@7 against the row ``after``, with the 95 % bounds of the paired bootstrap over customers;
    a hidden month has no bounds, as its chances are not drawn. ``seconds`` is fitting, the search for rounds included.
    """

    month: Month
    step: str
    after: str | None
    is_recipe: str | None
    """The recipe of ``conf`` that the step is, if it is one that was asked for."""
    map7: float
    ceiling: float | None
    oracle: float | None
    gain: float | None
    gain_lower: float | None
    gain_upper: float | None
    rounds: int | None
    columns: int | None
    fit_months: tuple[Month, ...]
    seconds: float

    ALSO_WRITTEN: ClassVar = ("share_of_ceiling", "share_of_oracle")

    @property
    def share_of_ceiling(self) -> float | None:
        """MAP@7 as a share of the best there can be."""
        return self.map7 / self.ceiling if self.ceiling else None

    @property
    def share_of_oracle(self) -> float | None:
        """MAP@7 as a share of what knowing the chances reaches."""
        return self.map7 / self.oracle if self.oracle else None

    def parameters(self, recipe: Recipe) -> dict[str, Any]:
        """Parameters of the row, as a run names them."""
        return {
            "step": self.step,
            "after": self.after or "none",
            "judged_on": str(self.month),
            "kind": recipe.kind,
            "months": " ".join(map(str, self.fit_months)),
            **{f"settings.{name}": value for name, value in recipe.model_settings.model_dump(mode="json").items()},
        }

    def metrics(self) -> dict[str, float | None]:
        """The figures of the row, as a run names them."""
        named = ("map7", "ceiling", "oracle", "share_of_ceiling", "share_of_oracle", "gain", "gain_lower", "gain_upper")
        return {
            **{name: getattr(self, name) for name in named},
            "rounds": self.rounds,
            "columns": self.columns,
            "seconds": self.seconds,
        }


def by_month(rows: Sequence[AblationRow]) -> Mapping[Month, list[AblationRow]]:
    """The rows of each judged month, in order."""
    found: dict[Month, list[AblationRow]] = {}
    for row in rows:
        found.setdefault(row.month, []).append(row)
    return found
