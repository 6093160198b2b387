"""The catalogue: every Delta table once, with its columns and what a row of it means."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.schema.columns import COLUMNS
from santander.schema.features import FEATURES

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

PARTITION = "snapshot_date"
"""Monthly tables are partitioned by the date of their snapshot, the 28th of the month."""

Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One Delta table; ``columns`` are pairs of name and Spark SQL type, all nullable."""

    name: str
    row: str
    """What a row means."""
    key: tuple[str, ...]
    columns: Columns
    monthly: bool = True
    day: str | None = None
    """The column by whose days the files of a table that is not monthly are kept apart."""

    @property
    def partitions(self) -> list[str] | None:
        """The columns by which the files are kept apart; None where they are not."""
        return [PARTITION] if self.monthly else [self.day] if self.day else None

    @property
    def names_customers(self) -> bool:
        """Whether its rows are of single customers."""
        return any(name == "customer_id" for name, _ in self.columns)

    def schema(self) -> "StructType":
        """The columns as a Spark schema."""
        from pyspark.sql.types import StructField, StructType

        from santander.schema.types import spark_type

        return StructType([StructField(name, spark_type(type_)) for name, type_ in self.columns])


def _typed(declared: str) -> Columns:
    """Return the columns of a declaration as Spark SQL writes it: ``name type, name type``."""
    return tuple((name, type_) for name, type_ in map(str.split, declared.split(", ")))


CUSTOMERS = Table(
    name="customers",
    row="one customer in one month: the record as delivered, typed and in English, null where unknown; holdings has bit i set "
    "when product i is held and is null in a month delivered without products",
    key=("customer_id", "snapshot_date"),
    columns=(*((column.name, column.type) for column in COLUMNS), ("holdings", "int")),
)

QUARANTINE = Table(
    name="quarantine",
    row="one text that was not taken into customers: a whole line (scope row) or one value of a line that was kept (scope "
    "value); customer_id is null where the line's key cannot be read, resolved_by names the replay that took in its correction",
    key=("file_sha256", "line", "column"),
    columns=_typed(
        "ingestion_id string, file string, file_sha256 string, month string, line bigint, scope string, reason string, "
        "column string, raw string, customer_id bigint, resolved_by string"
    ),
    monthly=False,
)

INGESTIONS = Table(
    name="ingestions",
    row="one month of one landing file that was ingested: read = kept + quarantined_rows; mode replace replaced the month, mode "
    "merge (ingest --merge, or a replay) put rows in by key, of which inserted had keys that the month did not have",
    key=("ingestion_id", "file", "month"),
    columns=_typed(
        "ingestion_id string, file string, file_sha256 string, month string, has_products boolean, read bigint, "
        "kept bigint, quarantined_rows bigint, rows_with_quarantined_values bigint, ingested_at timestamp, mode string, "
        "inserted bigint"
    ),
    monthly=False,
)

FEATURES_TABLE = Table(
    name="features",
    row="what was known of one customer before the products of one month: profile of the month, products of the months before",
    key=("customer_id", "snapshot_date"),
    columns=(*_typed("customer_id bigint, snapshot_date date"), *((feature.name, feature.type) for feature in FEATURES)),
)

ADDITIONS = Table(
    name="additions",
    row="one product that one customer added in one month: held in it and not in the month before, with rows and known products "
    "in both",
    key=("customer_id", "snapshot_date", "product"),
    columns=_typed("customer_id bigint, snapshot_date date, product string"),
)

ONLINE_FEATURES = Table(
    name="online_features",
    row="one customer of the served month, as serving reads it: all features packed into one value; "
    "each materialize replaces the whole table, which so says who can be found online",
    key=("customer_id",),
    columns=_typed("customer_id bigint, snapshot_date date, packed binary"),
)

RECOMMENDATIONS = Table(
    name="recommendations",
    row="one product recommended to one customer for one month, at one rank (1 is the likeliest); score orders the products of "
    "one customer, chance is the probability that this customer adds the product in this month, null where the version has none",
    key=("customer_id", "snapshot_date", "rank"),
    columns=_typed(
        "customer_id bigint, snapshot_date date, rank tinyint, product string, score double, model_version int, chance double"
    ),
)

EXPECTED_ADDITIONS = Table(
    name="expected_additions",
    row="how often one product is expected to be added in one month: the sum of the chances of the customers who count, bounds "
    "that hold in nine months of ten, and how often it was added, null while the products of the month are not known",
    key=("product", "snapshot_date"),
    columns=_typed("snapshot_date date, product string, expected double, low bigint, high bigint, seen bigint"),
)

MONTH_PROFILES = Table(
    name="month_profiles",
    row="one column of one table as it was in one month among the customers of one slice: rows, nulls, how many of the compared "
    "customers have another value than in the month before, how often each value occurs (of numbers the lower ends of ranges, of "
    "masks the products), and the quantiles of numbers at 1, 5, 25, 50, 75, 95 and 99 %",
    key=("snapshot_date", "table", "column", "slice"),
    columns=_typed(
        "snapshot_date date, table string, column string, slice string, rows bigint, nulls bigint, compared bigint, "
        "changed bigint, values array<string>, counts array<bigint>, quantiles array<double>"
    ),
)

OFFERS = Table(
    name="offers",
    row="one product that may be offered to one customer in one month, at one rank (1 is the likeliest); chance is the "
    "probability that the customer adds it in the month, null where the model gives none; reasons are families with a sign, the "
    "strongest first",
    key=("customer_id", "snapshot_date", "product"),
    columns=_typed("snapshot_date date, customer_id bigint, product string, rank tinyint, chance double, reasons array<string>"),
)

OFFER_EXCLUSIONS = Table(
    name="offer_exclusions",
    row="one product that one customer does not hold and must not be offered in one month, and one rule that says so",
    key=("customer_id", "snapshot_date", "product", "rule"),
    columns=_typed("snapshot_date date, customer_id bigint, product string, rule string"),
)

PREDICTIONS = Table(
    name="predictions",
    row="one list that the service gave to a caller, with its products and chances in order, the likeliest first; log and "
    "sequence say which answer of which life of a worker it was, request_id which call it belongs to, month and model_version "
    "what it rests on, features (a JSON object in UTF-8) what was scored; customer_id is null for a record that had none",
    key=("log", "sequence"),
    columns=_typed(
        "log string, sequence bigint, request_id string, day date, time timestamp, customer_id bigint, month string, "
        "model_version int, source string, list string, products array<string>, chances array<double>, key_name string, "
        "milliseconds double, features binary"
    ),
    monthly=False,
    day="day",
)

STEP_RUNS = Table(
    name="step_runs",
    row="one month that one step finished: the fingerprint of everything it was made from, and its result as JSON",
    key=("step", "month", "finished_at"),
    columns=_typed(
        "step string, month string, fingerprint string, rows bigint, seconds double, result string, finished_at timestamp"
    ),
    monthly=False,
)

QUALITY = Table(
    name="quality",
    row="one rule as it was last checked on one month of one table: offending of the checked rows (or figures) break it",
    key=("month", "table", "rule"),
    columns=_typed(
        "month string, table string, rule string, severity string, passed boolean, offending bigint, checked bigint, "
        "detail string, table_version bigint, validated_at timestamp"
    ),
    monthly=False,
)

SUPPRESSIONS = Table(
    name="suppressions",
    row="one customer who was erased and must not come back: the keyed hash of the id, never the id",
    key=("digest",),
    columns=_typed("digest string, erasure_id string"),
    monthly=False,
)

OBJECTIONS = Table(
    name="objections",
    row="one objection of one customer to marketing: the keyed hash of the id, never the id; withdrawn_at is null while it "
    "stands",
    key=("digest", "objected_at"),
    columns=_typed("digest string, objected_at timestamp, withdrawn_at timestamp"),
    monthly=False,
)

ERASURES = Table(
    name="erasures",
    row="one erasure, without any id: how many customers, rows removed per table (JSON), files rewritten or left to the user "
    "(JSON), versions of the model that were trained on them (JSON)",
    key=("erasure_id",),
    columns=_typed("erasure_id string, erased_at timestamp, customers int, rows string, files string, models string"),
    monthly=False,
)

PROMOTIONS = Table(
    name="promotions",
    row="one decision on who scores: what the gate found of a version on the gate month, or what a person ordered with a reason "
    "(override, rollback); champion_after is where the alias moves to; promoted is null while that is only meant, true "
    "when done, false for a refusal; slices is JSON, and so is contestants: MAP@7 and last fit month of challenger, champion and "
    "the champion's recipe fitted anew",
    key=("decided_at", "model", "version"),
    columns=_typed(
        "decided_at timestamp, model string, action string, version int, run_id string, promoted boolean, reason string, "
        "champion_before int, champion_after int, contest string, gate_month string, map7 double, champion_map7 double, "
        "lower double, upper double, relative double, relative_lower double, relative_upper double, slices string, "
        "contestants string"
    ),
    monthly=False,
)

SUBMISSIONS = Table(
    name="submissions",
    row="one submission file that was sent to the competition: the scores it was given and the public one as a share of the "
    "ceiling of the public part, beside the share that the model reached on its gate month",
    key=("reference",),
    columns=_typed(
        "submitted_at timestamp, competition string, reference string, month string, file string, file_sha256 string, "
        "customers bigint, model_version int, run_id string, message string, status string, error string, "
        "public_score double, private_score double, public_share_of_ceiling double, validation_share_of_ceiling double"
    ),
    monthly=False,
)

ALERTS = Table(
    name="alerts",
    row="one thing that somebody should look at: what it is about, and in one sentence what was seen and what was expected",
    key=("raised_at", "kind", "subject"),
    columns=_typed("raised_at timestamp, kind string, subject string, message string"),
    monthly=False,
)

CARRIED_FINGERPRINTS = Table(
    name="carried_fingerprints",
    row="one month of a table whose files were written anew with the same rows, by a compaction: the fingerprint of the new "
    "files stands for same_as",
    key=("table", "month", "fingerprint"),
    columns=_typed("table string, month string, fingerprint string, same_as string"),
    monthly=False,
)

WITH_FILES = (QUARANTINE, INGESTIONS, SUBMISSIONS)
"""Tables whose column ``file`` names a local file, often one of the data folder."""

TABLES: tuple[Table, ...] = (
    CUSTOMERS,
    QUARANTINE,
    INGESTIONS,
    QUALITY,
    FEATURES_TABLE,
    ADDITIONS,
    ONLINE_FEATURES,
    RECOMMENDATIONS,
    EXPECTED_ADDITIONS,
    MONTH_PROFILES,
    OFFERS,
    OFFER_EXCLUSIONS,
    PREDICTIONS,
    STEP_RUNS,
    SUPPRESSIONS,
    OBJECTIONS,
    ERASURES,
    CARRIED_FINGERPRINTS,
    PROMOTIONS,
    SUBMISSIONS,
    ALERTS,
)
