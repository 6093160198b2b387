"""The sections of the settings, one for each file of ``conf/base``, with the values that each may have."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from santander.errors import InputError
from santander.schema.columns import columns_that_read

_WRITTEN = re.compile(r"\s*\d+(\.\d+)?\s*([kmgt]i?)?b\s*", re.IGNORECASE)
"""What pydantic takes and nobody can misread: not ``6``, which may mean bytes or gigabytes, nor ``6 GB or more``."""


def _with_unit(given: Any, read: ValidatorFunctionWrapHandler) -> ByteSize:
    size = read(given) if _WRITTEN.fullmatch(str(given)) else ByteSize(0)
    if size < 1:
        hint = "write a number above 0 and kB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 6 GB"
        raise PydanticCustomError("size", "{message}", {"message": f"{str(given)!r} is no size: {hint}"})
    return size


Size = Annotated[ByteSize, WrapValidator(_with_unit)]
"""Bytes, written as a number and a unit: GB counts in thousands, GiB in 1024."""


def shown_size(size: float) -> str:
    """A size for a person to read: ``5.3 GB``, ``640 MB``."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _null_spelling(given: str) -> str:
    """Return the spelling without the white space around it, as texts are compared; refuse one that is a value somewhere."""
    spelling = given.strip()
    if columns := columns_that_read(spelling):
        raise PydanticCustomError(
            "null_spelling", "{said}", {"said": f"{spelling!r} is a value of {', '.join(columns)}: leave it out"}
        )
    return spelling


class MemorySettings(_Section):
    """What a step on the embedded engine may hold in memory, and where the engine writes what it may not hold."""

    budget: Size
    spill_dir: str | None


class IngestSettings(_Section):
    """How landing files are read and when they are refused."""

    max_quarantine_share: float = Field(ge=0, le=1)
    null_spellings: tuple[Annotated[str, AfterValidator(_null_spelling)], ...]
    min_shared_customers: float = Field(ge=0, le=1)
    refused_kept: int = Field(ge=1)
    chunk_bytes: int = Field(ge=1024)
    tasks: int | None = Field(ge=1)


class PreviewSettings(_Section):
    """What a preview of a family of features shows."""

    bins: int = Field(ge=2)
    values: int = Field(ge=2)
    least_additions: int = Field(ge=1)
    products: int = Field(ge=1)
    features_drawn: int = Field(ge=1)


class FeatureSettings(_Section):
    """How the feature table is built."""

    months_per_commit: int = Field(ge=1)
    tasks: int | None = Field(ge=1)
    rows_per_task: int = Field(ge=1)
    checked_customers: int = Field(ge=1)
    preview: PreviewSettings


class NullShare(_Section):
    """The usual share of nulls of a column, and how far from it a month may lie."""

    usual: float = Field(ge=0, le=1)
    within: float = Field(ge=0, le=1)


class QualitySettings(_Section):
    """From when on a month is not what it should be; the rules are declared in ``santander/quality/declaration.py``."""

    min_rows: int = Field(ge=1)
    max_fall: float = Field(ge=0, le=1)
    max_rise: float = Field(ge=0)
    min_compared: int = Field(ge=1)
    month_before: dict[str, Annotated[float, Field(ge=0, le=1)]]
    allowed_shares: dict[str, float]
    seniority_tolerance_months: int = Field(ge=0)
    null_shares: dict[str, NullShare]
    null_share_unnamed: float = Field(ge=0, le=1)
    null_share_change: float = Field(ge=0, le=1)
    distributions: dict[str, tuple[float, float]]
    lag_sample_rows: int = Field(ge=1)

    def null_share_of(self, column: str) -> tuple[float, float]:
        """The usual share of nulls of a column and how far from it a month may lie."""
        named = self.null_shares.get(column)
        return (named.usual, named.within) if named else (0.0, self.null_share_unnamed)


class ExpectationSettings(_Section):
    """How long suites of the user are said to run: by engine, an expectation's seconds a month, and more a million rows."""

    seconds: dict[Literal["sail", "spark"], tuple[float, float]]


class TrainingSettings(_Section):
    """Which recipe is trained unless another is named, and how many customers a bank made for it has at least."""

    recipe: str
    smallest_bank: int = Field(ge=0)


class GateSettings(_Section):
    """When a new model takes the champion's place."""

    min_relative_gain: float = Field(ge=0)
    resamples: int = Field(ge=100)
    seed: int
    max_refresh_loss: float = Field(ge=0, lt=1)
    min_overlap: float = Field(ge=0, le=1)
    automatic: bool
    max_slice_loss: float = Field(ge=0, lt=1)
    min_slice_buyers: int = Field(ge=1)
    min_chance_slope: float = Field(ge=0, le=1)
    max_chance_slope: float = Field(ge=1)
    min_product_additions: int = Field(ge=1)


class CrossValidationSettings(_Section):
    """How a recipe is validated over time."""

    folds: int = Field(ge=2)
    window: Literal["expanding", "recipe"]

    def changed(self, **given: Any) -> "CrossValidationSettings":
        """Return these settings with the values given on the command line, but for None; raises InputError."""
        chosen = {name: value for name, value in given.items() if value is not None}
        try:
            return CrossValidationSettings(**self.model_dump() | chosen)
        except ValidationError as error:
            wrong = "; ".join(f"--{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise InputError(wrong, hint="see 'santander train --help'") from None


class TuningSettings(_Section):
    """How settings are searched; what may vary is a file of ``conf/*/spaces``."""

    space: str
    sampler: Literal["tpe", "random", "grid"]
    seed: int
    parallel: int | None = Field(ge=1)
    startup_trials: int = Field(ge=0)
    warmup_rounds: int = Field(ge=0)
    tolerance: float = Field(ge=0)
    random_trials: int = Field(ge=0)
    max_failures: int = Field(ge=1)


class OfferSettings(_Section):
    """Whether offers are made beside the lists, and by which rules, which ``config/offer_rules.py`` reads."""

    with_lists: bool
    memory: Size
    rules: dict[str, dict[str, Any] | None]


class KaggleSettings(_Section):
    """Where submissions are sent, and when a score is alarming."""

    competition: str
    public_ceiling: float | None = Field(gt=0, le=1)
    max_fall: float = Field(ge=0, le=1)
    wait: float = Field(ge=0)


class MlflowSettings(_Section):
    """Where runs and models are kept, and under which names."""

    tracking_uri: str | None
    experiment: str
    registered_model: str


class StoreSettings(_Section):
    """Where serving reads features from."""

    online: Literal["sqlite", "redis"]
    redis: str


class SparkSettings(_Section):
    """How Apache Spark is started, and how models are trained on its workers."""

    profile: str | None
    environment: Literal["shipped", "installed"]
    workers: int | None = Field(ge=1)
    barrier_wait: float = Field(gt=0)


class LockSettings(_Section):
    """How long a run waits for another one that writes the same, and how often it tries again in a bucket."""

    wait: float = Field(ge=0)
    attempts: int = Field(ge=1)
    first_pause: float = Field(ge=0)


class AuditSettings(_Section):
    """What the audit holds in memory, and how many customers it compares all features of."""

    memory: Size
    compare_all_below: int = Field(ge=0)
    one_in: int = Field(ge=1)


class MaintenanceSettings(_Section):
    """How long what is out of use is kept."""

    retention_days: int = Field(ge=0)


class LogSettings(_Section):
    """How long the log files of runs are kept."""

    retention_days: int = Field(ge=1)


class ErasureSettings(_Section):
    """How far files are opened to look for a person."""

    max_unpacked: Size
    max_depth: int = Field(ge=1)


class ReasonSettings(_Section):
    """Which reasons of a recommendation are told, and whether offers have them."""

    in_offers: bool
    most: int = Field(ge=1, le=10)
    least: float = Field(ge=0)


class AnswerLogSettings(_Section):
    """How the service logs its answers."""

    ring: int = Field(ge=1)
    flush_seconds: float = Field(gt=0)
    commit_seconds: float = Field(gt=0)
    rows_per_commit: int = Field(ge=1)
    segment_bytes: Size
    max_bytes: Size


class HttpSettings(_Section):
    """Where the service listens, and what a caller may use of it; sizes in bytes."""

    host: str = Field(min_length=1)
    port: int = Field(ge=0, le=65_535)
    metrics_host: str = Field(min_length=1)
    metrics_port: int = Field(ge=0, le=65_535)
    workers: int = Field(ge=1)
    poll_seconds: float = Field(gt=0)
    ready_days: float | None = Field(gt=0)
    max_body: Size
    max_head: Size
    max_ids: int = Field(ge=1)
    max_records: int = Field(ge=1, le=1000)
    max_in_flight: int = Field(ge=1)
    max_connections: int = Field(ge=1)
    head_seconds: float = Field(gt=0)
    body_seconds: float = Field(gt=0)
    idle_seconds: int = Field(ge=1)
    drain_seconds: int = Field(ge=1)
    log_requests: bool


class ServingSettings(_Section):
    """What is published for the service, and how the service answers."""

    with_run: bool
    months_kept: int = Field(ge=1)
    log: AnswerLogSettings
    http: HttpSettings
