"""The steps that the ledger knows: each by its name and by the result that it records with a month."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from santander.schema.months import Month

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Step(Generic[R]):
    """A step: its name in the table ``step_runs``, and the frozen dataclass that its column ``result`` holds."""

    name: str
    result: type[R]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class NoResult:
    """The result of a step of which rows and months say all."""


@dataclass(frozen=True, slots=True)
class IngestRecord:
    """What the ledger keeps of an ingest."""

    lost_files: Mapping[Month, list[str]] = field(default_factory=dict)
    """Per month the fingerprints of files whose customers went when the month was replaced."""


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The lists of a month; what an earlier release did not record is None or 0."""

    month: Month | None = None
    customers: int = 0
    rows: int = 0
    """Recommendations, at most seven a customer."""
    model_version: int | None = None
    run_id: str | None = None
    """The MLflow run of the model."""
    families: tuple[str, ...] = ()
    """The user's families of features that the model reads."""


@dataclass(frozen=True, slots=True)
class OfferResult:
    """The offers of a month."""

    month: Month | None = None
    offers: int = 0
    exclusions: int = 0
    """Rows of ``offer_exclusions``."""
    objections: str = ""
    """The objections that were kept to, as a text that changes with them."""
    checked: str = ""
    """By what rules, on which engine: these are known to run."""


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """The submission file of a month; the ledger records its place below the data folder."""

    month: Month
    file: str
    customers: int


INGEST = Step("ingest", IngestRecord)
BUILD = Step("features", NoResult)
ADDED = Step("additions", NoResult)
SCORE = Step("score", ScoreResult)
OFFER = Step("offers", OfferResult)
SUBMIT = Step("submit", SubmitResult)


def description_of(table: str) -> Step[NoResult]:
    """Return the step that describes a table."""
    return Step(f"describe {table}", NoResult)


def validation_of(table: str) -> Step[NoResult]:
    """Return the step that validates a table."""
    return Step(f"validate {table}", NoResult)
