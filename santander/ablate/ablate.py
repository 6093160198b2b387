"""The rows of an ablation table: every step fitted from one training set and judged on the same months."""

import logging
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.ablate.ablation import TablePlan, Variant
from santander.ablate.row import AblationRow
from santander.config.settings import Settings
from santander.errors import InputError
from santander.evaluation.average_precision import Precisions
from santander.evaluation.buyers import BuyersOfMonth, buyers_of_month
from santander.evaluation.oracle import HiddenMonth, hidden_month, oracle_of
from santander.evaluation.resampling import paired_difference
from santander.lake.lake import Lake
from santander.models.month_weight import ALIKE
from santander.models.on_columns import ColumnRecommender
from santander.models.recommender import Recommender
from santander.models.training_set import TrainingData
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.months import Month
from santander.schema.types import arrow_schema
from santander.training.collect import Retrieve, training_data
from santander.training.fitting import fit_candidate
from santander.training.in_pieces import in_pieces
from santander.training.plan import MonthPlan
from santander.training.recipe import Recipe

log = logging.getLogger(__name__)


RowReport = Callable[[AblationRow, Recipe], None]
"""Called with each row as soon as it is there, and the recipe it was made by."""


def no_report(_row: AblationRow, _recipe: Recipe) -> None:
    """Report to nobody."""


def ablate(
    settings: Settings,
    lake: Lake,
    retrieve: Retrieve,
    plan: TablePlan,
    shipped: Recipe | None = None,
    report: RowReport = no_report,
) -> list[AblationRow]:
    """Fit each step for each month and judge it there; the rows stand by month, then in the order of the steps.

    A month delivered without products is judged by a synthetic bank's chances; raises InputError, before any fit, without these.
    """
    hidden = {month: _hidden(settings, lake, retrieve, month) for month in plan.judged if month not in plan.labelled}
    rows = []
    with training_data(settings, lake, retrieve, dict.fromkeys(plan.months, ALIKE)) as training:
        for month, fits in plan.fits.items():
            judging = _Judging(settings, hidden.get(month) or buyers_of_month(training, month))
            for variant in plan.variants:
                row = judging.row(variant, fits[variant.name], training, shipped)
                log.info("%s on %s: MAP@7 %.6f, fitted in %.1f s", row.step, row.month, row.map7, row.seconds)
                report(row, variant.recipe)
                rows.append(row)
    return rows


class _Judging:
    """One month on which all steps are judged, and how each did."""

    def __init__(self, settings: Settings, judged: BuyersOfMonth | HiddenMonth) -> None:
        self._rule, self._judged, self._oracle = settings.gate, judged, _oracle(settings, judged)
        self._precisions: dict[str, Precisions] = {}

    def row(self, variant: Variant, plan: MonthPlan, training: TrainingData, shipped: Recipe | None) -> AblationRow:
        """Fit and judge one step."""
        judged, started = self._judged, time.monotonic()
        candidate = fit_candidate(variant.recipe, plan, training)
        fit, seconds = candidate.scoring, time.monotonic() - started
        precisions = judged.precisions(fit.model)
        gain = self._gain(variant.after, precisions)
        self._precisions[variant.name] = precisions
        return AblationRow(
            month=judged.month,
            step=variant.name,
            after=variant.after,
            is_recipe=shipped.name if shipped is not None and _same(shipped, variant.recipe) else None,
            map7=float(precisions.sum()) / judged.customers,
            ceiling=judged.ceiling,
            oracle=self._oracle,
            gain=gain[0],
            gain_lower=gain[1],
            gain_upper=gain[2],
            rounds=fit.model.rounds,
            columns=_columns(fit.model),
            fit_months=tuple(fit.weights),
            seconds=seconds,
        )

    def _gain(self, after: str | None, precisions: Precisions) -> tuple[float | None, float | None, float | None]:
        if after is None:
            return None, None, None
        before = self._precisions[after]
        if isinstance(self._judged, HiddenMonth):
            return float(precisions.mean() / before.mean() - 1), None, None
        compared = paired_difference(before, precisions, self._rule.resamples, self._rule.seed, self._judged.customers)
        return compared.relative, compared.relative_lower, compared.relative_upper


def _same(shipped: Recipe, recipe: Recipe) -> bool:
    return shipped.fingerprint == recipe.fingerprint and shipped.fits.rounds == recipe.fits.rounds


def _columns(model: Recommender) -> int | None:
    return len(model.plan.names) if isinstance(model, ColumnRecommender) else None


def _oracle(settings: Settings, judged: BuyersOfMonth | HiddenMonth) -> float | None:
    if isinstance(judged, HiddenMonth):
        return judged.oracle
    return oracle_of(settings.data / "raw", judged.month, judged.customers, judged.buyers)


def hidden_of(settings: Settings, lake: Lake, retrieve: Retrieve, month: Month) -> HiddenMonth | None:
    """Return a month with the chances of a synthetic bank, which picks whose features are read; None where it knows none."""
    features = lake.read_months(FEATURES_TABLE, [month])
    known = features.where("holdings_lag_1 is not null").select("customer_id").toArrow()["customer_id"].to_numpy()
    everyone = retrieve(features.select("customer_id", "snapshot_date"))

    def of(customers: npt.NDArray[np.int64]) -> pa.Table:
        return in_pieces(everyone, partial(_rows_of, customers), arrow_schema(everyone.dtypes))

    return hidden_month(settings.data / "raw", month, known, of)


def _rows_of(customers: npt.NDArray[np.int64], rows: pa.Table) -> pa.Table:
    return rows.filter(pc.field("customer_id").isin(customers))


def _hidden(settings: Settings, lake: Lake, retrieve: Retrieve, month: Month) -> HiddenMonth:
    present = month in lake.months(FEATURES_TABLE) and month in lake.months(CUSTOMERS)
    found = hidden_of(settings, lake, retrieve, month) if present else None
    if found is None:
        raise InputError(
            f"{month} cannot be judged: its additions are not known, and {settings.data / 'raw'} has no chances of a "
            "synthetic bank for its customers",
            month=month,
            hint="name an earlier month with --month",
        )
    return found
