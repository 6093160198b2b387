"""What a run found and did: its tables for people, and its JSON object."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, TypeVar

from santander.ingest.due import Overtaken
from santander.ingest.replacing import ReplacedMonth, replaced_by_month
from santander.ingest.synthetic_mark import SyntheticMark
from santander.ledger.steps import NoResult, ScoreResult, SubmitResult
from santander.pipeline.ingest_step import TakenIn
from santander.pipeline.step import StepOutcome
from santander.pipeline.where_next import where_next
from santander.schema.counting import counted
from santander.schema.months import Month, in_spans, missing_line
from santander.scoring.month_lists import MonthLists
from santander.storage.places import Place
from santander.training.trained import TRAIN, TrainResult

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class MonthRows:
    """Lines of a month as its last ingestion counted them, files of one ingestion together, and rows merged in since."""

    read: int
    kept: int
    quarantined_rows: int
    rows_with_quarantined_values: int
    inserted_by_replay: int


@dataclass(frozen=True, slots=True)
class NotTrained:
    """Why no model was trained; the one there is scored."""

    reason: str


@dataclass(frozen=True, slots=True)
class StepSummary:
    """A step of the run as JSON shows it."""

    step: str
    done: Sequence[Month]
    up_to_date: Sequence[Month]
    seconds: float


@dataclass(frozen=True)
class RunPayload:
    """The JSON object of ``run``."""

    months: Mapping[str, MonthRows]
    missing_months: Sequence[Month]
    synthetic: bool
    """Whether the data folder was filled with a synthetic bank."""
    evaluation: TrainResult | NotTrained | NoResult
    scored: ScoreResult | NoResult
    submission: str | None
    replaced: Mapping[Month, ReplacedMonth]
    left: Sequence[Overtaken]
    """Months of given files that come from other files by now, and stay so."""
    steps: Sequence[StepSummary]
    trained_on_old_rows: Mapping[int, Sequence[Month]]
    """Champion and challenger as far as a month they were trained on was replaced since, with these months."""


@dataclass(frozen=True)
class WalkReport:
    """What a walk found and did: rows per month as ingested last, the outcome of each step, where the results lie."""

    months: Mapping[str, MonthRows]
    outcomes: Sequence[StepOutcome[object]]
    data_dir: Place
    state_dir: Path
    missing_months: list[Month]
    """Months without customers between the first and the last."""
    mark: SyntheticMark | None
    """The mark of a data folder that was filled with a synthetic bank."""
    on_old_rows: Mapping[int, Sequence[Month]]
    """Versions in use that were trained on rows which were replaced since, with the months of these."""
    lists: MonthLists | None
    """The lists of the last target month."""

    def payload(self) -> RunPayload:
        """The JSON object of ``run``."""
        taken = self._last(TakenIn) or TakenIn()
        submitted = self._last(SubmitResult)
        return RunPayload(
            months=self.months,
            missing_months=self.missing_months,
            synthetic=self.mark is not None,
            evaluation=self._training() or NoResult(),
            scored=self._last(ScoreResult) or NoResult(),
            submission=None if submitted is None else submitted.file,
            replaced=replaced_by_month(taken.replaced),
            left=taken.overtaken,
            steps=[
                StepSummary(outcome.step.name, outcome.done, outcome.up_to_date, round(outcome.seconds, 2))
                for outcome in self.outcomes
            ],
            trained_on_old_rows=self.on_old_rows,
        )

    @property
    def is_up_to_date(self) -> bool:
        """Whether no step had anything to do."""
        return not any(outcome.done for outcome in self.outcomes)

    def tables(self) -> list[Any]:
        """The tables a person reads at the end; where nothing was done, those of what there is."""
        from santander.registry.old_rows import old_rows_line

        remarks = (self._last(TakenIn) or TakenIn()).lines()
        remarks += [missing_line(self.missing_months)] if self.missing_months else []
        remarks += [old_rows_line(self.on_old_rows)] if self.on_old_rows else []
        if self.mark is not None:
            remarks.append(f"the data are {self.mark}: its models say nothing about real customers")
        what_is_there = [self._score_table(), self._verdict(), "", *lines_of(self.lists), ""]
        if self.is_up_to_date:
            return ["everything is up to date: nothing was done", *remarks, "", *what_is_there, self._where_next()]
        return [self._rows_table(), *remarks, "", *what_is_there, self._steps_table(), "", self._where_next()]

    def _last(self, kind: type[R]) -> R | None:
        """The last result of a kind; None where no step has one."""
        return next((each.result for each in reversed(self.outcomes) if isinstance(each.result, kind)), None)

    def _training(self) -> TrainResult | NotTrained | None:
        outcome = next((each for each in reversed(self.outcomes) if each.step is TRAIN), None)
        return outcome.result if outcome is not None and isinstance(outcome.result, TrainResult | NotTrained) else None

    def _rows_table(self) -> Any:
        table = _new_table("month", "read", "kept", "quarantined rows", "with quarantined values", "added since")
        rows = {month: [f"{n:,}" for n in astuple(counts)] for month, counts in self.months.items()}
        rows |= {str(month): ["missing"] for month in self.missing_months}
        for month, cells in sorted(rows.items()):
            table.add_row(month, *cells)
        return table

    def _score_table(self) -> Any:
        table = _new_table("judged on", "MAP@7", "share of ceiling")
        training = self._training()
        figures = training.evaluation if isinstance(training, TrainResult) else None
        if figures is None:
            return "no model was judged"
        rows = [("model", figures.map7), ("baseline", figures.baseline), ("ceiling", figures.ceiling)]
        if figures.oracle is not None:
            rows.insert(2, ("oracle", figures.oracle))
        for name, value in rows:
            share = value / figures.ceiling if figures.ceiling else 0
            table.add_row(f"{figures.month} {name}", f"{value:.6f}", f"{share:.3f}")
        return table

    def _verdict(self) -> str:
        training = self._training()
        if isinstance(training, TrainResult):
            return training.line()
        return "" if training is None else f"no model was trained: {training.reason}"

    def _steps_table(self) -> Any:
        table = _new_table("step", "seconds", "months done", "up to date")
        for outcome in self.outcomes:
            table.add_row(outcome.step.name, f"{outcome.seconds:.1f}", _span(outcome.done), _span(outcome.up_to_date))
        return table

    def _where_next(self) -> str:
        submitted = self._last(SubmitResult)
        return where_next(self.data_dir, self.state_dir, None if submitted is None else submitted.file)


def _new_table(*headings: str) -> Any:
    from rich.table import Table

    table = Table(*headings)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _span(months: Sequence[Month]) -> str:
    return f"{in_spans(months)} ({len(months)})" if len(months) > 1 else in_spans(months) or "-"


def lines_of(lists: MonthLists | None) -> list[Any]:
    """Return how many lists a month has, the products most often in them, and the first few."""
    if lists is None:
        return []
    products = _new_table("most recommended", "in lists", "of all", "first in")
    for each in lists.products:
        products.add_row(each.product, f"{each.lists:,}", f"{each.lists / lists.lists:.0%}", f"{each.first:,}")
    shown = [f"  customer {customer}: {', '.join(of_customer)}" for customer, of_customer in lists.customers.items()]
    having = counted(lists.lists, "customer has", "customers have")
    return [
        f"{having} a list for {lists.month}: what each is most likely to add, the likeliest first",
        *shown,
        products,
    ]
