"""Score a month: features through Feast, ranked lists through the model, into the table ``recommendations``.

Each task writes the lists of its customers to a file; the driver puts all files into the table in one commit.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.engine.pieces import together
from santander.errors import InputError, SantanderError
from santander.lake.lake import Lake
from santander.lake.month_file_writer import MONTH_FILE_SCHEMA, MonthFileWriter, as_batch
from santander.lake.month_files import MonthFile
from santander.lake.staging import OF_SCORES, staging
from santander.models.chances import Chances
from santander.models.list_check import WrongLists, checked_lists
from santander.models.ranking import LIST_LENGTH, NO_PRODUCT, Ranks, Scores
from santander.models.recommender import Recommender
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS
from santander.schema.features import FEATURE_SET
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES
from santander.schema.types import file_schema
from santander.scoring.expected import PARTS_OF_A_CHANCE, drop_expected, write_expected
from santander.storage.places import Place

if TYPE_CHECKING:
    from feast import FeatureStore
    from pyspark.sql import DataFrame

_SCHEMA = file_schema(RECOMMENDATIONS.columns)
_COMPLAINT = "complaint"
_SUMS = "sums"
_FOUND = MONTH_FILE_SCHEMA.append(pa.field(_COMPLAINT, pa.string())).append(pa.field(_SUMS, pa.binary()))
"""What a task returns: its files, with the first of them its sums, or a row that says what is wrong with the scores or a list."""

Sums = npt.NDArray[np.int64]
"""Sums of the chances of each product (24), in parts of PARTS_OF_A_CHANCE, over the customers who count."""
_NOTHING: Sums = np.zeros(N_PRODUCTS, dtype=np.int64)


def score_month(
    lake: Lake, store: "FeatureStore", model: Recommender, version: int, month: Month, chances: Chances | None = None
) -> int:
    """Replace the recommendations of a month by those of a model and return the number of rows.

    Every customer of the month gets a list of min(7, 24 - owned) products. Raises InputError when the month has no features,
    SantanderError for scores or a list that no recommender may give (``models/list_check.py``); then nothing is written.
    """
    from santander.store.access import retrieve

    if month not in lake.months(FEATURES_TABLE):
        raise InputError(f"no features for {month}", month=month, hint=f"run 'santander features --month {month}' first")
    features = retrieve(store, entities(lake, month), FEATURE_SET, [month], tuple(model.families))
    rows_meant = _list_lengths(lake, month)
    of_month = None if chances is None else chances.at(month)
    with staging(lake, OF_SCORES) as folder:
        files, sums = _write_lists(features, _Scorer(model, of_month, version, month), folder)
        lake.replace_months_by_files(RECOMMENDATIONS, files, folder, {month: rows_meant}, {"model_version": version})
    forecast = None if of_month is None else of_month.forecast(month)
    if forecast is None:
        drop_expected(lake, month)
    else:
        write_expected(lake, month, sums.tolist(), forecast)
    return rows_meant


def entities(lake: Lake, month: Month) -> "DataFrame":
    """Return (customer_id, event_timestamp), one row per customer of the month that is scored."""
    from pyspark.sql import functions as F

    return lake.read_months(CUSTOMERS, [month]).select(
        "customer_id", F.col("snapshot_date").cast("timestamp").alias("event_timestamp")
    )


@dataclass(frozen=True)
class _Scorer:
    """What is sent to the tasks: the version that scores the month."""

    model: Recommender
    chances: Chances | None
    version: int
    month: Month

    def lists(self, features: pa.Table) -> tuple[pa.RecordBatch, Sums]:
        """Return the lists of some customers, a row per product, and the sums of their chances; raises WrongLists."""
        scores, ranks = checked_lists(self.model, features)
        chances = None if self.chances is None else self.chances.of(self.model, features, scores)
        rows = _list_rows(features, scores, ranks, chances, self.version, self.month)
        return rows, _NOTHING if chances is None else _sums_of(features, chances)


def _write_lists(features: "DataFrame", scorer: _Scorer, folder: Place) -> tuple[list[MonthFile], Sums]:
    """Rank from one row of features per customer, where the data are, and write lists below ``folder``; the files, and sums."""
    from pyspark.sql.pandas.types import from_arrow_schema

    found = features.mapInArrow(_writer(scorer, folder), from_arrow_schema(_FOUND)).toArrow().to_pylist()
    complaints = [complaint for row in found if (complaint := row.pop(_COMPLAINT)) is not None]
    sums = sum((np.frombuffer(packed, dtype=np.int64) for row in found if (packed := row.pop(_SUMS)) is not None), _NOTHING)
    if complaints:
        raise SantanderError(
            f"version {scorer.version} {complaints[0]} of {scorer.month}: nothing was written",
            month=scorer.month,
            hint="let another version score by 'santander promote --version N --override --reason TEXT'",
        )
    return [MonthFile(**row) for row in found], sums


def _writer(scorer: _Scorer, folder: Place) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    def write_lists(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        sums = _NOTHING
        with MonthFileWriter(RECOMMENDATIONS, folder) as writer:
            for features in together(batches):
                try:
                    rows, of_rows = scorer.lists(features)
                except WrongLists as wrong:
                    yield pa.RecordBatch.from_pylist([{_COMPLAINT: wrong.complaint}], schema=_FOUND)
                    return
                writer.write(rows)
                sums = sums + of_rows
            files = as_batch(writer.finish())
        of_first = [sums.tobytes(), *[None] * (files.num_rows - 1)][: files.num_rows]
        found = files.append_column(_COMPLAINT, pa.nulls(files.num_rows, pa.string()))
        yield found.append_column(_SUMS, pa.array(of_first, pa.binary()))

    return write_lists


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
