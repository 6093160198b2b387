"""The rules as Great Expectations runs them: a batch is the figures of one month, a line a rule, a column a column of the table.

The expectation is of our own kind, as the figure it judges is one cell: the rule's line in the column that the rule is about.
The library learns of the classes when they are made, so this module is imported only where months are validated: it takes
seconds.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import great_expectations as gx
import pandas as pd
from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults, ProgressBarsConfig
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.metrics.column_aggregate_metric_provider import (
    ColumnAggregateMetricProvider,
    column_aggregate_value,
)

from santander.quality.rules import Judgement, MonthFigures

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext


def ephemeral_context() -> "EphemeralDataContext":
    """Return a new context in memory, without progress bars and usage statistics."""
    in_memory = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    config = DataContextConfig(
        store_backend_defaults=in_memory, progress_bars=ProgressBarsConfig(globally=False), analytics_enabled=False
    )
    return gx.get_context(mode="ephemeral", project_config=config)


logging.getLogger("great_expectations").setLevel(logging.WARNING)


class ColumnFigure(ColumnAggregateMetricProvider):
    """The figure of one rule in a column of the batch."""

    metric_name = "column.figure"
    value_keys = ("rule",)

    @column_aggregate_value(engine=PandasExecutionEngine)
    def _pandas(cls, column: "pd.Series[Any]", rule: str, **_: Any) -> float:  # noqa: N805  (the decorator makes a class method)
        return float(column[rule])


class ExpectFigureToBeBetween(ColumnAggregateExpectation):
    """The figure of a rule lies within two bounds, both included; None is no bound."""

    rule: str
    min_value: float | None = None
    max_value: float | None = None
    observed: str = ""
    """The figure in words."""

    _made: ExpectationConfiguration | None = PrivateAttr(None)

    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.figure",)
    success_keys: ClassVar[tuple[str, ...]] = ("rule", "min_value", "max_value", "observed")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "rule", "min_value", "max_value", "observed")

    @property
    def configuration(self) -> ExpectationConfiguration:
        """The expectation as data, made once: the library asks 44 times a rule, which were half the time of a validation."""
        if self._made is None:
            self._made = super().configuration
        return self._made

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002  (the signature is the library's)
        execution_engine: Any = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        figure = metrics["column.figure"]
        enough = self.min_value is None or figure >= self.min_value
        not_too_much = self.max_value is None or figure <= self.max_value
        return {"success": enough and not_too_much, "result": {"observed_value": self.observed or f"{figure:,g}"}}


def passed_by_rule(found: ExpectationSuiteValidationResult) -> dict[str, bool]:
    """Whether each rule held; the library gives its results in an order of its own."""
    configs = [(result.expectation_config, result.success) for result in found.results]
    return {config.kwargs["rule"]: bool(success) for config, success in configs if config is not None}


class Validator:
    """Validates figures; one ephemeral context of the library, which keeps nothing and asks nobody."""

    def __init__(self) -> None:
        self._source = ephemeral_context().data_sources.add_pandas("figures")
        self._months: dict[str, BatchDefinition[Any]] = {}

    def validate(self, figures: MonthFigures, judgements: Sequence[Judgement]) -> ExpectationSuiteValidationResult:
        """Run the expectations of one month of one table."""
        suite = gx.ExpectationSuite(name=f"{figures.table} {figures.month}", expectations=[_expectation(j) for j in judgements])
        if figures.table not in self._months:
            asset = self._source.add_dataframe_asset(figures.table)
            self._months[figures.table] = asset.add_batch_definition_whole_dataframe("month")
        batch = self._months[figures.table].get_batch(batch_parameters={"dataframe": _batch(judgements)})
        return batch.validate(suite)


def _expectation(judgement: Judgement) -> ExpectFigureToBeBetween:
    rule = judgement.rule
    return ExpectFigureToBeBetween(
        column=rule.column,
        rule=rule.name,
        min_value=judgement.low,
        max_value=judgement.high,
        observed=judgement.observed,
        severity=FailureSeverity(rule.severity.value),
        description=f"{rule.name} ({rule.severity}): {rule.meaning}. Expected: {judgement.expected}",
        meta={"offending": judgement.offending, "checked": judgement.checked},
    )


def _batch(judgements: Sequence[Judgement]) -> pd.DataFrame:
    names = list(dict.fromkeys(j.rule.name for j in judgements))
    columns = list(dict.fromkeys(j.rule.column for j in judgements))
    frame = pd.DataFrame(index=names, columns=columns, dtype="float64")
    for judgement in judgements:
        frame.loc[judgement.rule.name, judgement.rule.column] = float(judgement.figure)
    return frame
