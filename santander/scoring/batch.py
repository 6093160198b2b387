"""Score a month: features through Feast, lists through the model, into ``recommendations``, ``offers``, ``offer_exclusions``.

What may be offered is found in the same pass: each customer is scored once. Each task writes the rows of its customers to a file
a table; the driver puts all files of a table into it in one commit.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.engine.pieces import together
from santander.errors import InputError, SantanderError
from santander.lake.lake import Lake
from santander.lake.month_file_writer import MONTH_FILE_SCHEMA, MonthFileWriter
from santander.lake.month_files import MonthFile
from santander.lake.staging import OF_SCORES, staging
from santander.models.chances import Chances
from santander.models.list_check import WrongLists, checked_lists
from santander.models.ranking import LIST_LENGTH, NO_PRODUCT, Ranks, Scores
from santander.models.reasons import Telling
from santander.models.recommender import Recommender
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, OFFER_EXCLUSIONS, OFFERS, RECOMMENDATIONS, Table
from santander.schema.features import FEATURE_SET
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES
from santander.schema.types import file_schema
from santander.scoring.expected import PARTS_OF_A_CHANCE, drop_expected, write_expected
from santander.scoring.offer_conditions import RULES_MET, with_rules_met
from santander.scoring.offer_rows import Offering, offer_rows
from santander.storage.places import Place

if TYPE_CHECKING:
    from feast import FeatureStore
    from pyspark.sql import DataFrame

_SCHEMA = file_schema(RECOMMENDATIONS.columns)
_TABLE, _COMPLAINT, _SUMS = "table", "complaint", "sums"
_FOUND = pa.schema([*MONTH_FILE_SCHEMA, (_TABLE, pa.string()), (_COMPLAINT, pa.string()), (_SUMS, pa.binary())])
"""What a task returns: its files, each with its table and the first with the sums, or what is wrong with the scores or a list."""

Sums = npt.NDArray[np.int64]
"""Sums of the chances of each product (24), in parts of PARTS_OF_A_CHANCE, over the customers who count."""
_NOTHING: Sums = np.zeros(N_PRODUCTS, dtype=np.int64)


@dataclass(frozen=True)
class Scoring:
    """What a month is scored by, and which of its tables are written; tasks are sent all of it."""

    model: Recommender
    version: int
    month: Month
    chances: Chances | None = None
    offering: Offering | None = None
    """What may be offered to whom; None: the tables of offers stay as they are."""
    reasons: Telling | None = None
    """Which reasons offers have; None: none."""
    lists: bool = True
    """Whether the recommendations, and what is expected, are written too."""

    @property
    def tables(self) -> Sequence[Table]:
        """The tables that tasks write rows of."""
        return (*((RECOMMENDATIONS,) if self.lists else ()), *((OFFERS, OFFER_EXCLUSIONS) if self.offering is not None else ()))

    def rows(self, features: pa.Table) -> tuple[Sequence[tuple[Table, pa.RecordBatch]], Sums]:
        """Return what each table is to hold of some customers, and the sums of their chances; raises WrongLists."""
        scores, ranks = checked_lists(self.model, features)
        chances = None if self.chances is None else self.chances.of(self.model, features, scores)
        rows = []
        if self.lists:
            rows.append((RECOMMENDATIONS, _list_rows(features, scores, ranks, chances, self.version, self.month)))
        if self.offering is not None:
            not_offered = self.offering.not_offered(features)
            offered = not_offered.lists(scores, ranks, self.model.prior)
            reasons = None if self.reasons is None else self.reasons.lists(features, offered)
            rows.append((OFFERS, offer_rows(not_offered.ids, offered, chances, self.month, reasons)))
            rows.append((OFFER_EXCLUSIONS, not_offered.exclusions(self.month)))
        return rows, _NOTHING if chances is None else _sums_of(features, chances)


def score_month(lake: Lake, store: "FeatureStore", scoring: Scoring) -> Mapping[str, int]:
    """Replace what the tables hold of a month and return the number of rows of each, by its name.

    Every customer of the month gets a list of min(7, 24 - owned) products. Raises InputError when the month has no features,
    SantanderError for scores or a list that no recommender may give (``models/list_check.py``); then nothing is written.
    """
    from santander.store.access import retrieve

    month = scoring.month
    if month not in lake.months(FEATURES_TABLE):
        raise InputError(f"no features for {month}", month=month, hint=f"run 'santander features --month {month}' first")
    who = entities(lake, month, scoring.offering)
    features = retrieve(store, who, FEATURE_SET, [month], tuple(scoring.model.families))
    of_month = None if scoring.chances is None else scoring.chances.at(month)
    with staging(lake, OF_SCORES) as folder:
        files, sums = _write_rows(features, replace(scoring, chances=of_month), folder)
        rows = {name: sum(file.rows for file in written) for name, written in files.items()}
        if scoring.lists:
            rows[RECOMMENDATIONS.name] = _list_lengths(lake, month)
        for table in scoring.tables:
            meant = {month: rows[table.name]}
            lake.replace_months_by_files(table, files[table.name], folder, meant, {"model_version": scoring.version})
    if scoring.lists:
        forecast = None if of_month is None else of_month.forecast(month)
        if forecast is None:
            drop_expected(lake, month)
        else:
            write_expected(lake, month, sums.tolist(), forecast)
    return rows


def entities(lake: Lake, month: Month, offering: Offering | None = None) -> "DataFrame":
    """Return (customer_id, event_timestamp), one row per customer of the month that is scored; with rules, which ones are met."""
    from pyspark.sql import functions as F

    rows, met = lake.read_months(CUSTOMERS, [month]), []
    if offering is not None:
        rows, met = with_rules_met(lake, month, offering.rules), [RULES_MET]
    return rows.select("customer_id", F.col("snapshot_date").cast("timestamp").alias("event_timestamp"), *met)


def _write_rows(features: "DataFrame", scoring: Scoring, folder: Place) -> tuple[Mapping[str, Sequence[MonthFile]], Sums]:
    """Rank from one row of features per customer, where the data are; the files below ``folder`` by table, and the sums."""
    from pyspark.sql.pandas.types import from_arrow_schema

    found = features.mapInArrow(_writer(scoring, folder), from_arrow_schema(_FOUND)).toArrow().to_pylist()
    complaints = [complaint for row in found if (complaint := row.pop(_COMPLAINT)) is not None]
    sums = sum((np.frombuffer(packed, dtype=np.int64) for row in found if (packed := row.pop(_SUMS)) is not None), _NOTHING)
    if complaints:
        raise SantanderError(
            f"version {scoring.version} {complaints[0]} of {scoring.month}: nothing was written",
            month=scoring.month,
            hint="let another version score by 'santander promote --version N --override --reason TEXT'",
        )
    files = [(row.pop(_TABLE), MonthFile(**row)) for row in found]
    return {table.name: [file for name, file in files if name == table.name] for table in scoring.tables}, sums


def _writer(scoring: Scoring, folder: Place) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    def write_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        sums = _NOTHING
        with ExitStack() as stack:
            writers = {table.name: stack.enter_context(MonthFileWriter(table, folder)) for table in scoring.tables}
            for features in together(batches):
                try:
                    found, of_rows = scoring.rows(features)
                except WrongLists as wrong:
                    yield pa.RecordBatch.from_pylist([{_COMPLAINT: wrong.complaint}], schema=_FOUND)
                    return
                for table, rows in found:
                    writers[table.name].write(rows)
                sums = sums + of_rows
            written = [asdict(file) | {_TABLE: name} for name, writer in writers.items() for file in writer.finish()]
        for row in written[:1]:
            row[_SUMS] = sums.tobytes()
        yield pa.RecordBatch.from_pylist(written, schema=_FOUND)

    return write_rows


def _list_rows(
    features: pa.Table, scores: Scores, ranks: Ranks, chances: Scores | None, version: int, month: Month
) -> pa.RecordBatch:
    """The lists of some customers, a row per product; ``score`` is null for a product the model has no opinion of."""
    product = ranks.ravel().astype(np.int32)
    n = len(product)
    arrays = [
        pa.array(np.repeat(features["customer_id"].to_numpy(), LIST_LENGTH)),
        pa.repeat(pa.scalar(month.snapshot, pa.date32()), n),
        pa.array(np.tile(np.arange(1, LIST_LENGTH + 1, dtype=np.int8), len(ranks))),
        pa.DictionaryArray.from_arrays(pa.array(np.maximum(product, 0)), pa.array(PRODUCT_NAMES)),
        _listed(scores, ranks),
        pa.repeat(pa.scalar(version, pa.int32()), n),
        pa.nulls(n, pa.float64()) if chances is None else _listed(chances, ranks),
    ]
    rows = pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)
    listed = product != NO_PRODUCT
    return rows if listed.all() else rows.filter(pa.array(listed))


def _sums_of(features: pa.Table, chances: Scores) -> Sums:
    """Add up the chances of those with known products in the month before: they alone can be seen to add something."""
    counts = features["holdings_lag_1"].is_valid().to_numpy()
    parts = np.rint(np.nan_to_num(chances[counts].astype(np.float64)) * PARTS_OF_A_CHANCE).astype(np.int64)
    return np.asarray(parts.sum(axis=0))


def _listed(numbers: Scores, ranks: Ranks) -> pa.Array:
    """The numbers (rows x 24) of the products in the lists, null where there is none."""
    taken = np.take_along_axis(numbers, np.maximum(ranks, 0).astype(np.intp), axis=1)
    return pa.array(taken.ravel().astype(np.float64), from_pandas=True)


def _list_lengths(lake: Lake, month: Month) -> int:
    from pyspark.sql import functions as F

    length = F.least(F.lit(LIST_LENGTH), F.lit(N_PRODUCTS) - F.bit_count("owned"))
    total = lake.read_months(FEATURES_TABLE, [month]).agg(F.sum(length.cast("bigint")))
    return int(total.collect()[0][0] or 0)
