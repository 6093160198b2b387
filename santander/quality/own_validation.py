"""Suites of the user, run by Great Expectations' own Spark engine on the rows of each month.

Results carry counts and single figures only: the rows and values that the library collects as examples are not asked for, and
what it gives all the same is left out before it reaches a table or a page. For medians and quantiles the library asks
``DataFrame.approxQuantile``, which the embedded engine lacks and which gives an approximation on Spark: ours are exact.
"""

import datetime as dt
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Literal

from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.metric_provider import metric_value

from santander.errors import InputError
from santander.lake.lake import Lake
from santander.quality.expectations import ephemeral_context
from santander.quality.own_suites import VALIDATED_TABLES, OwnExpectation, OwnSuite
from santander.quality.report import RuleResult
from santander.schema.counting import counted
from santander.schema.months import Month

if TYPE_CHECKING:
    from santander.config.sections import ExpectationSettings

log = logging.getLogger(__name__)

_NO_EXAMPLES = {"result_format": "BASIC", "partial_unexpected_count": 0}
_COUNTS = (
    "element_count", "missing_count", "missing_percent", "unexpected_count", "unexpected_percent", "unexpected_percent_total",
    "unexpected_percent_nonmissing",
)  # fmt: skip
_KEY = "customer_id"
LONGEST_DETAIL, LONGEST_MESSAGE = 200, 400
"""Characters of an expectation in the table ``quality``, and of what the library says of one that it cannot evaluate."""


@dataclass(frozen=True, slots=True)
class OwnResults:
    """What a suite found in one month: rows of the table ``quality``, and the same as the library renders it."""

    rows: list[RuleResult]
    shown: list[ExpectationValidationResult]


class OwnValidator:
    """Runs one suite on months of its table. Raises InputError for an expectation that the library cannot make of the file."""

    def __init__(self, suite: OwnSuite) -> None:
        self._suite, self._table = suite, next(table for table in VALIDATED_TABLES if table.name == suite.table)
        self._by_rule = {each.rule: each for each in suite.expectations}
        self._library_suite = _library_suite(suite)
        source = ephemeral_context().data_sources.add_spark(suite.table, persist=False)
        self._batches = source.add_dataframe_asset(suite.table).add_batch_definition_whole_dataframe("month")

    def validate(
        self, lake: Lake, rows: Mapping[Month, int], settings: "ExpectationSettings"
    ) -> Iterator[tuple[Month, "OwnResults"]]:
        """Yield the results of each month.

        Says before it starts how many seconds it is expected to take, and afterwards how many it took. Raises InputError for
        an expectation that cannot be evaluated.
        """
        engine: Literal["sail", "spark"] = "spark" if lake.has_workers else "sail"
        total, number = sum(rows.values()), len(self._suite.expectations)
        each, per_million = settings.seconds[engine]
        expected = number * (each * len(rows) + per_million * total / 1e6)
        log.info(
            "Great Expectations runs %s, %s, on %s of %s: about %.0f s expected",
            self._suite.file, counted(number, "expectation"), counted(total, "row"), counted(len(rows), "month"),
            max(expected, 1),
        )  # fmt: skip
        started = time.monotonic()
        for month in sorted(rows):
            batch = self._batches.get_batch(batch_parameters={"dataframe": lake.read_months(self._table, [month])})
            found = batch.validate(self._library_suite, result_format=_NO_EXAMPLES)
            shown = [_without_rows(result) for result in found.results]
            yield month, OwnResults([self._row(month, result, rows[month]) for result in shown], shown)
        log.info("Great Expectations ran %s in %.1f s", self._suite.file, time.monotonic() - started)

    def _row(self, month: Month, result: ExpectationValidationResult, rows: int) -> RuleResult:
        own = self._by_rule[_rule_of(result)]
        if message := _failure(result):
            raise InputError(
                f"{own.place} cannot be evaluated on {self._suite.table} of {month}: {message}",
                month=month,
                hint="correct or take out that expectation",
            )
        checked = int(result.result.get("element_count", rows))
        offending = 0 if result.success else _offending(own, result, checked)
        return RuleResult(
            month, self._suite.table, own.rule, own.severity, bool(result.success), offending, checked, _detail(own, result)
        )


def with_own_results(
    found: ExpectationSuiteValidationResult, own: Sequence[ExpectationValidationResult]
) -> ExpectationSuiteValidationResult:
    """Return the month's results with those of the user's suite, as one page shows them."""
    results = [*found.results, *own]
    passed = sum(bool(result.success) for result in results)
    statistics = {
        "evaluated_expectations": len(results),
        "successful_expectations": passed,
        "unsuccessful_expectations": len(results) - passed,
        "success_percent": 100 * passed / len(results),
    }
    return ExpectationSuiteValidationResult(
        success=passed == len(results), results=results, suite_name=found.suite_name, statistics=statistics, meta=found.meta
    )


def _library_suite(suite: OwnSuite) -> ExpectationSuite:
    made: list[Any] = []
    for each in suite.expectations:
        config = {"type": each.type, "kwargs": dict(each.kwargs), "severity": each.severity.value, "meta": {"rule": each.rule}}
        try:
            alone = ExpectationSuite(name=suite.table, expectations=[config])
        except (GreatExpectationsError, TypeError, ValueError) as error:
            raise InputError(f"{each.place}: {_one_line(str(error))}", hint="correct or take out that expectation") from None
        made += alone.expectations
    return ExpectationSuite(name=suite.table, expectations=made)


def _rule_of(result: ExpectationValidationResult) -> str:
    if result.expectation_config is None or result.expectation_config.meta is None:
        raise RuntimeError("a result of Great Expectations without its expectation")
    return str(result.expectation_config.meta["rule"])


def _failure(result: ExpectationValidationResult) -> str | None:
    """Why the library could not evaluate the expectation; None where it did."""
    info: Any = result.exception_info or {}
    for each in [info] if "raised_exception" in info else info.values():
        if each["raised_exception"]:
            return _one_line(str(each["exception_message"]))
    return None


def _without_rows(result: ExpectationValidationResult) -> ExpectationValidationResult:
    """The result with counts and what was observed, if that is one figure and none of the customers' ids."""
    found = result.result
    # what counts different values, and not rows, has no shares, which the library's pages would ask for
    kept = {name: found[name] for name in _COUNTS if name in found} if "element_count" in found else {}
    observed = found.get("observed_value")
    config = result.expectation_config
    about_ids = config is not None and _KEY in config.kwargs.values()
    if isinstance(observed, list | tuple | set):
        kept["observed_value"] = f"{len(observed):,} values"
    elif isinstance(observed, int | float | dt.date | dict) and not about_ids:
        kept["observed_value"] = observed
    elif not kept and "unexpected_count" in found:
        kept["observed_value"] = counted(found["unexpected_count"], "unexpected value")
    return ExpectationValidationResult(
        success=result.success, expectation_config=config, result=kept, meta=result.meta, exception_info=result.exception_info
    )


def _offending(own: OwnExpectation, result: ExpectationValidationResult, checked: int) -> int:
    """Rows that break the expectation; all that were checked where it is about a figure of them together."""
    if own.type == "unexpected_rows_expectation":
        return int(result.result["observed_value"])
    return int(result.result.get("unexpected_count", checked))


def _detail(own: OwnExpectation, result: ExpectationValidationResult) -> str:
    """What was observed and what was expected, in words."""
    asked = ", ".join(f"{name} {value}" for name, value in own.kwargs.items() if name not in {"column", "column_list"})
    expected = shorten(asked, LONGEST_DETAIL, placeholder=" …")
    if "unexpected_count" in result.result:
        observed = f"{result.result['unexpected_count']:,} unexpected values"
    else:
        value = result.result.get("observed_value", "held" if result.success else "broken")
        value = value.get("values", value) if isinstance(value, dict) else value
        observed = f"{value:,.6g}" if isinstance(value, int | float) else str(value)
    return f"{observed}, expected {expected}" if expected else observed


def _one_line(message: str) -> str:
    return shorten(message, LONGEST_MESSAGE, placeholder=" …")


# it warns of every metric that takes the place of another, which is what is meant here
logging.getLogger("great_expectations.expectations.registry").setLevel(logging.ERROR)


def _quantiles(engine: SparkDFExecutionEngine, domain: dict[str, Any], wanted: Sequence[float]) -> list[float]:
    from pyspark.sql import functions as F

    frame, _, accessor = engine.get_compute_domain(domain, domain_type=MetricDomainTypes.COLUMN)
    found = frame.agg(F.percentile(F.col(accessor["column"]), list(wanted)).alias("quantiles")).collect()[0]["quantiles"]
    return [float(value) for value in found or []]


class ColumnMedian(ColumnAggregateMetricProvider):
    """The median of a column; None where it holds no value."""

    metric_name = "column.median"

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(
        cls,  # noqa: N805  (the decorator makes a class method)
        execution_engine: SparkDFExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        **_: Any,
    ) -> float | None:
        return next(iter(_quantiles(execution_engine, metric_domain_kwargs, [0.5])), None)


class ColumnQuantileValues(ColumnAggregateMetricProvider):
    """The quantiles of a column that an expectation names."""

    metric_name = "column.quantile_values"
    value_keys = ("quantiles", "allow_relative_error")

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(
        cls,  # noqa: N805
        execution_engine: SparkDFExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> list[float]:
        return _quantiles(execution_engine, metric_domain_kwargs, metric_value_kwargs["quantiles"])
