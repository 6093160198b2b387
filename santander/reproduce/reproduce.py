"""Trains a logged run again and says whether the same models came out.

Trained in the driver, every fit must be the same to the byte; with Spark, which adds in another order, as good within noise.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.evaluation.judgement import precisions_of
from santander.evaluation.resampling import PairedDifference, paired_difference
from santander.lake.lake import Lake
from santander.lake.past import PastLake, VersionGone, as_of
from santander.models.blend import Blend
from santander.registry.blending import blend_candidate
from santander.reproduce.logged_run import LoggedRun, differences, family_tables_of
from santander.schema.catalogue import CUSTOMERS, ERASURES, FEATURES_TABLE, Table
from santander.schema.features import FEATURE_NAMES, FEATURE_SET
from santander.schema.months import Month
from santander.schema.own_family import TABLE_PREFIX
from santander.training.candidate import Fit
from santander.training.collect import Retrieve
from santander.training.labelled import labelled_months
from santander.training.labels import KEY
from santander.training.plan import FitName, MonthPlan, TooFewMonths, plan_months
from santander.training.train import TrainReport, train

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SAME_FIGURE = 1e-6
"""A logged MAP@7 and one found again by the same model differ by less."""


@dataclass(frozen=True)
class RefitComparison:
    """One fit beside the logged one of the same name: hashes of all that each model saves."""

    fingerprint: str
    logged_fingerprint: str
    trained_on: str
    logged_trained_on: str

    ALSO_WRITTEN: ClassVar = ("identical",)

    @property
    def identical(self) -> bool:
        """Whether both are the same model, to the byte."""
        return self.fingerprint == self.logged_fingerprint

    @property
    def must_be_identical(self) -> bool:
        """Whether both were trained in the driver."""
        return self.trained_on == self.logged_trained_on == Fit.trained_on


@dataclass(frozen=True)
class Reproduction:
    """What came of it, as JSON shows it. ``map7`` is of the judged fit made anew; None where nothing was judged or fitted."""

    run_id: str
    version: int | None
    recipe: str
    target: Month
    reproduced: bool
    reason: str
    logged_map7: float | None
    versions: Mapping[str, int]
    """The version of each table that the run was trained from."""
    warnings: Sequence[str]
    fits: Mapping[FitName, RefitComparison] = field(default_factory=dict)
    map7: float | None = None
    relative_difference: float | None = None
    """Of the model made anew and the logged one on the gate month."""
    relative_bounds: tuple[float, float] | None = None


def reproduce(settings: Settings, lake: Lake, run: LoggedRun) -> Reproduction:
    """Train the run again from the versions that it logged; nothing is registered or written.

    A version that is gone, or months that the recipe would not choose again, end it before anything is fitted.
    """
    of_run = partial(
        Reproduction,
        run_id=run.run_id,
        version=run.version,
        recipe=run.recipe.name,
        target=run.target,
        logged_map7=run.map7,
        versions={table.name: version for table, version in run.tables.items()},
        warnings=(warnings := differences(settings, run)),
    )
    if run.recipe.model is Blend:
        warnings.append("note: a blend is put together again from its members as they are registered: reproduce those too")
    try:
        past = _as_it_was(lake, run)
    except SantanderError as error:
        return of_run(reproduced=False, reason=str(error))
    recipe = run.recipe.on_columns_of(run.candidate.scoring.model)
    report = train(
        settings,
        past,
        as_stored(past, family_tables_of(run.candidate)),
        recipe,
        run.target,
        blend=partial(blend_candidate, settings),
    )
    fits = {name: _compare(fit, run.candidate.fits[name]) for name, fit in report.candidate.fits.items()}
    difference = _difference(settings, run, report)
    map7 = None if report.judgement is None else report.judgement.evaluation.map7
    reproduced, reason = _verdict(run, fits, map7, difference, settings.gate.max_refresh_loss)
    return of_run(
        reproduced=reproduced,
        reason=reason,
        fits=fits,
        map7=map7,
        relative_difference=None if difference is None else difference.relative,
        relative_bounds=None if difference is None else (difference.relative_lower, difference.relative_upper),
    )


def _as_it_was(lake: Lake, run: LoggedRun) -> PastLake:
    """The tables at the logged versions, as far as the run needs them; raises SantanderError that says why they will not do."""
    if run.feature_service != FEATURE_SET:
        raise SantanderError(f"the run used the features '{run.feature_service}', this code builds '{FEATURE_SET}'")
    try:
        for table, version in run.tables.items():
            as_of(lake, {table: version}, []).check(table)  # its log, before anything is asked of it
        whole = as_of(lake, run.tables)
        there = set(whole.months(CUSTOMERS))
        most = plan_months(run.recipe, run.target, sorted(there & set(whole.months(FEATURES_TABLE))))
        past = as_of(lake, run.tables, {month - back for month in (*most.months, most.gate) for back in (0, 1)} & there)
        for table in run.tables:
            past.check(table)
        _check_months(plan_months(run.recipe, run.target, labelled_months(past)), run)
    except VersionGone as gone:
        raise SantanderError(f"{gone}{_who_removed(lake, run.ended_at)}") from None
    except TooFewMonths as error:
        raise SantanderError(f"the months of the run cannot be chosen again: {error}") from None
    return past


def _check_months(plan: MonthPlan, run: LoggedRun) -> None:
    if run.recipe.model is Blend:
        return  # its months are those of its members
    for planned in plan.fits:
        if planned.name is FitName.ROUNDS:
            continue
        logged = run.candidate.fits.get(planned.name)
        then = {} if logged is None else {str(month): str(weight) for month, weight in logged.weights.items()}
        now = {str(month): str(weight) for month, weight in planned.weights.items()}
        if then != now:
            raise SantanderError(
                f"the recipe would choose other months for the fit '{planned.name}': {_named(then)} then, {_named(now)} now"
            )
    planned_fits = {planned.name for planned in plan.fits} - {FitName.ROUNDS}
    if planned_fits != set(run.candidate.fits):
        raise SantanderError(f"the recipe now makes the fits {_names(planned_fits)}, the run made {_names(run.candidate.fits)}")


def _compare(fit: Fit, logged: Fit) -> RefitComparison:
    return RefitComparison(fit.model.fingerprint, logged.model.fingerprint, fit.trained_on, logged.trained_on)


def _difference(settings: Settings, run: LoggedRun, report: TrainReport) -> PairedDifference | None:
    if report.judgement is None:
        return None
    judged, rule = report.judgement.judged, settings.gate
    logged = precisions_of(run.candidate.fits[FitName.JUDGED].model, judged)
    return paired_difference(logged, report.judgement.precisions, rule.resamples, rule.seed, judged.customers)


def _verdict(
    run: LoggedRun,
    fits: Mapping[FitName, RefitComparison],
    map7: float | None,
    difference: PairedDifference | None,
    noise: float,
) -> tuple[bool, str]:
    """Whether the run is reproduced, and why; MAP@7 within ``noise``, what the gate lets a refresh lose, counts as equal."""
    differing = [name for name, fit in fits.items() if not fit.identical]
    if not differing:
        if map7 is not None and run.map7 is not None and abs(map7 - run.map7) > SAME_FIGURE:
            return False, f"the models are identical, but MAP@7 on {run.target - 1} is {map7:.6f} where {run.map7:.6f} was logged"
        return True, f"identical to the byte: {_names(fits)}"
    figures = "" if difference is None else f"; MAP@7 of the judged fit {_bounds(difference)}"
    if any(fits[name].must_be_identical for name in differing):
        return False, f"another model came out of the fits {_names(differing)}{figures}"
    if difference is None:
        return False, f"the fits {_names(differing)} are not identical, and without a judged fit nothing else can be compared"
    places = "; ".join(sorted({f"{fit.logged_trained_on} then, {fit.trained_on} now" for fit in fits.values()}))
    if is_within_noise(difference, noise):
        return True, f"equal within noise ({places}): MAP@7 of the judged fit {_bounds(difference)}"
    return False, f"not equal within noise ({places}): MAP@7 of the judged fit {_bounds(difference)}"


def is_within_noise(difference: PairedDifference, noise: float) -> bool:
    """Whether the 95 % interval of the relative difference holds 0, or lies within ``noise`` on either side of it."""
    lower, upper = difference.relative_lower, difference.relative_upper
    return lower <= 0 <= upper or (lower >= -noise and upper <= noise)


def _who_removed(lake: Lake, since: dt.datetime) -> str:
    """Return the known reason why versions are gone: an erasure after the run; ``maintain`` keeps those that models name."""
    erasures = [row for row in lake.rows(ERASURES) if row["erased_at"].replace(tzinfo=dt.UTC) >= since]
    if not erasures:
        return "; no erasure is on record since the run, so a vacuum or a copy without history removed it"
    last = min(erasures, key=lambda row: row["erased_at"])
    return f"; 'santander forget' removed it on {last['erased_at']:%Y-%m-%d} (erasure {last['erasure_id']})"


def _bounds(difference: PairedDifference) -> str:
    return (
        f"{difference.challenger:.6f} against {difference.champion:.6f} of the logged one, {difference.relative:+.2%} "
        f"(95 % from {difference.relative_lower:+.2%} to {difference.relative_upper:+.2%})"
    )


def _names(fits: Any) -> str:
    return ", ".join(sorted(str(name) for name in fits))


def _named(months: Mapping[str, str]) -> str:
    return " ".join(month if weight == "1" else f"{month}*{weight}" for month, weight in months.items()) or "none"


@dataclass(frozen=True)
class _Stored:
    lake: Lake
    tables: tuple[Table, ...]
    families: frozenset[str] = frozenset()

    def __call__(self, rows: "DataFrame", _months: Collection[Month] | None = None, /) -> "DataFrame":
        found = _joined(rows, self.lake.read(FEATURES_TABLE), KEY, FEATURE_NAMES)
        for table in (table for table in self.tables if table.name.removeprefix(TABLE_PREFIX) in self.families):
            features = [name for name, _ in table.columns if name not in table.key]
            stored = self.lake.read(table)
            if not table.names_customers:
                stored = _joined(self.lake.read(CUSTOMERS).select(*KEY, table.key[0]), stored, table.key, features)
            found = _joined(found, stored, KEY, features)
        return found

    def also(self, families: Collection[str], /) -> Retrieve:
        return replace(self, families=self.families.union(families))


def as_stored(lake: PastLake, tables: Iterable[Table] = ()) -> Retrieve:
    """Retrieval from ``features``, and from these tables of families, as that lake shows them.

    All features are null where a customer has no row of the month.
    """
    return _Stored(lake, tuple(tables))


def _joined(rows: "DataFrame", stored: "DataFrame", key: Sequence[str], features: Sequence[str]) -> "DataFrame":
    from pyspark.sql import functions as F

    same_key = [F.col(f"asked.{name}") == F.col(f"stored.{name}") for name in key]
    return (
        rows.alias("asked")
        .join(stored.alias("stored"), on=same_key, how="left")
        .select(*(F.col(f"asked.{name}") for name in rows.columns), *(F.col(f"stored.{name}") for name in features))
    )
