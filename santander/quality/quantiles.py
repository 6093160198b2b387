"""Medians and quantiles for Great Expectations on Spark's rows, exact and by SQL that both engines have.

The library asks ``DataFrame.approxQuantile``, which the embedded engine lacks and which gives an approximation on Spark.
"""

import logging
from collections.abc import Sequence
from typing import Any

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.metric_provider import metric_value

# it warns of every metric that takes the place of another, which is what is meant here
logging.getLogger("great_expectations.expectations.registry").setLevel(logging.ERROR)


def register() -> None:
    """Let these metrics take the place of the library's: importing this module does."""


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
