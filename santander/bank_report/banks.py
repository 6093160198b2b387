"""Banks made in a temporary folder, each held against the facts by its files, and what models can reach on the first.

The way there is the one of every run: the written files are ingested, features built and retrieved, and the recipe's
judged fit meets the gate month, once with all columns and once with no more than the month before.
"""

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from santander.bank_report.figures import FIRST, LAST, Figure, compare, expected_counts, outside
from santander.bank_report.observed import observed_counts
from santander.evaluation.judgement import judge
from santander.evaluation.oracle import oracle_of
from santander.features.build import build_features
from santander.ingest.ingestion import ingest
from santander.lake.lake import Lake
from santander.models.month_weight import ALIKE
from santander.schema.catalogue import CUSTOMERS
from santander.schema.column_groups import ColumnGroup
from santander.schema.months import Month, month_range
from santander.storage.places import Place
from santander.store.access import open_store
from santander.synthetic.facts import FULL_CUSTOMERS
from santander.synthetic.generate import generate
from santander.synthetic.progress import progress
from santander.synthetic.spec import TEST, TRAIN, BankSpec, OracleMonth
from santander.training.collect import collect_month, collect_training_set, through
from santander.training.fitting import fit_candidate
from santander.training.labelled import labelled_months
from santander.training.plan import FitName, plan_months
from santander.training.recipe import Fits, Recipe

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from santander.config.settings import Settings

log = logging.getLogger(__name__)

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
    oracle = oracle_of(raw, gate.month, gate.customers, gate.buyers)
    if oracle is None:
        raise RuntimeError(f"oracle.json does not know {gate.month} of these files")
    fits = [fit_candidate(each, plan, training).fits[FitName.JUDGED] for each in (recipe, lag_1)]
    full, short = (judge(fit.model, fit.baseline, gate).evaluation for fit in fits)
    ceiling = full.ceiling
    return Reach(gate.month, ceiling, oracle / ceiling, full.baseline / ceiling, full.map7 / ceiling, short.map7 / ceiling)


SEEDS = (11, 12, 13)
"""Fixed before the counts of any of them were looked at."""


@dataclass(frozen=True)
class Audit:
    """One bank: its seed, its figures, the oracle of its months, and what models reach on it where that was measured."""

    seed: int
    figures: list[Figure]
    oracle: list[OracleMonth]
    reach: Reach | None = None
    disagreements: list[str] = field(default_factory=list)
    """What models reach that is not as calibrated; empty where it was not measured or is not judged."""

    @property
    def agrees(self) -> bool:
        """Whether everything that was judged is as expected."""
        return not outside(self.figures) and not self.disagreements


def audit_banks(settings: "Settings", customers: int, seeds: Sequence[int] | None, *, models: bool) -> list[Audit]:
    """Make one bank per seed, by default three, at full size one; with ``models`` the first also shows its reach.

    Nothing stays behind. The bank, and the lake that is built for the models, lie in the data folder meanwhile, or in the
    local temporary folder where the data folder is in a bucket.
    """
    chosen = list(seeds or (SEEDS[:1] if customers >= FULL_CUSTOMERS else SEEDS))
    for seed in chosen:
        _spec(settings.data, customers, seed)
    beside = settings.data if isinstance(settings.data, Path) else None
    if beside is not None:
        beside.mkdir(parents=True, exist_ok=True)
    audits = []
    for seed in chosen:
        with tempfile.TemporaryDirectory(prefix="bank-report-", dir=beside) as folder:
            audits.append(_audit(settings, Path(folder), customers, seed, models=models and seed == chosen[0]))
    return audits


def _audit(settings: "Settings", folder: Path, customers: int, seed: int, *, models: bool) -> Audit:
    raw = folder / "raw"
    spec = _spec(raw, customers, seed)
    with progress(f"bank {seed}", len(month_range(FIRST, LAST))) as done:
        written = generate(spec, done)
    log.info("bank %d: counting what the files show", seed)
    figures = compare(expected_counts(customers), observed_counts(raw), customers)
    if not models:
        return Audit(seed, figures, written.oracle)
    reach = _reach(settings, folder)
    return Audit(seed, figures, written.oracle, reach, reach.disagreements(full_size=customers >= FULL_CUSTOMERS))


def _spec(out: Place, customers: int, seed: int) -> BankSpec:
    """The bank to audit; raises InputError for what makes none."""
    return BankSpec(out=out, customers=customers, first=FIRST, last=LAST, seed=seed, propensity=False)


def _reach(settings: "Settings", folder: Path) -> Reach:
    from santander.engine.session import open_session

    own = type(settings).load(data_dir=str(folder), state_dir=str(folder / "state"), master=settings.master)
    with open_session(own) as session:
        return measure_reach(own, session, settings.training.recipe)
