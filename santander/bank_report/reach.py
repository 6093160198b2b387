"""What can be reached on a bank: oracle, baseline, and two boosters of which one sees no further back than a month.

The way there is the one of every run: the written files are ingested, features built and retrieved, and the recipe's
judged fit meets the gate month.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.bank_report.expected import LAST
from santander.evaluation.judgement import judge
from santander.evaluation.oracle import oracle_of
from santander.features.build import build_features
from santander.features.expansion import ColumnGroup
from santander.ingest.ingestion import ingest
from santander.lake.lake import Lake
from santander.models.month_weight import ALIKE
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month
from santander.store.access import open_store
from santander.synthetic.spec import TEST, TRAIN
from santander.training.collect import collect_month, collect_training_set, through
from santander.training.fitting import fit_candidate
from santander.training.labelled import labelled_months
from santander.training.plan import FitName, plan_months
from santander.training.recipe import Fits, Recipe

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from santander.config.settings import Settings

ORACLE_SHARE, ORACLE_ALLOWED = 0.90, 0.01
BASELINE_SHARE, BASELINE_ALLOWED = 0.73, 0.03
LEAST_WORTH_OF_HISTORY = 0.03
"""No settings: what the generator is calibrated to."""

_LAG_1_COLUMNS = (ColumnGroup.PROFILE, ColumnGroup.SEASON, ColumnGroup.LAG_1_BITS)


@dataclass(frozen=True, slots=True)
class Reach:
    """MAP@7 of one month as shares of its ceiling: of the oracle, the baseline, a model, and the same with lag 1 alone."""

    month: Month
    ceiling: float
    oracle: float
    baseline: float
    model: float
    lag_1: float

    @property
    def worth_of_history(self) -> float:
        """Loss of the model with lag 1 alone."""
        return self.model - self.lag_1

    def disagreements(self, *, full_size: bool) -> list[str]:
        """Return the figures off their calibration. Oracle and baseline count at full size alone: a small bank has few buyers."""
        found = []
        if full_size and abs(self.oracle - ORACLE_SHARE) > ORACLE_ALLOWED:
            found.append(f"oracle {self.oracle:.3f}, not {ORACLE_SHARE} ± {ORACLE_ALLOWED}")
        if full_size and abs(self.baseline - BASELINE_SHARE) > BASELINE_ALLOWED:
            found.append(f"baseline {self.baseline:.3f}, not {BASELINE_SHARE} ± {BASELINE_ALLOWED}")
        if self.worth_of_history < LEAST_WORTH_OF_HISTORY:
            found.append(f"lag 1 alone loses {self.worth_of_history:.3f}, less than {LEAST_WORTH_OF_HISTORY}")
        return found


def measure_reach(settings: "Settings", session: "SparkSession", recipe_name: str) -> Reach:
    """Walk from the bank in ``settings.data / "raw"`` to the judgement of the last labelled month."""
    lake = Lake(settings, session)
    raw = settings.data / "raw"
    ingest(settings, lake, [raw / name for name in (TRAIN, TEST)])
    build_features(lake, lake.months(CUSTOMERS), months_per_commit=1)
    retrieve = through(open_store(settings, lake))

    recipe = Recipe.load(recipe_name).model_copy(update={"fits": Fits(rounds=False, judged=True, promoted=False)})
    without_history = {**recipe.settings, "columns": [group.value for group in _LAG_1_COLUMNS]}
    lag_1 = recipe.model_copy(update={"name": f"{recipe.name}, lag 1 alone", "settings": without_history})
    plan = plan_months(recipe, LAST, labelled_months(lake))
    training = collect_training_set(lake, retrieve, dict.fromkeys(plan.months, ALIKE))
    gate = collect_month(lake, retrieve, plan.gate)
    oracle = oracle_of(raw, gate.month, gate.rows.num_rows, gate.buyers)
    if oracle is None:
        raise RuntimeError(f"oracle.json does not know {gate.month} of these files")
    fits = [fit_candidate(each, plan, training).fits[FitName.JUDGED] for each in (recipe, lag_1)]
    full, short = (judge(fit.model, fit.baseline, gate).evaluation for fit in fits)
    ceiling = full.ceiling
    return Reach(gate.month, ceiling, oracle / ceiling, full.baseline / ceiling, full.map7 / ceiling, short.map7 / ceiling)
