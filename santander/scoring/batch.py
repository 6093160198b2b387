"""Score a month: features through Feast, ranked lists through the model, into the table ``recommendations``.

Each task writes the lists of its customers to a file; the driver puts all files into the table in one commit.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from santander.engine.pieces import together
from santander.errors import InputError, SantanderError
from santander.lake.lake import Lake
from santander.lake.month_file_writer import MONTH_FILE_SCHEMA, MonthFileWriter, as_batch
from santander.lake.month_files import MonthFile
from santander.lake.staging import OF_SCORES, staging
from santander.models.list_check import WrongLists, checked_lists
from santander.models.ranking import LIST_LENGTH, NO_PRODUCT, Ranks, Scores
from santander.models.recommender import Recommender
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS
from santander.schema.features import FEATURE_SET
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES
from santander.schema.types import file_schema
from santander.storage.places import Place

if TYPE_CHECKING:
    from feast import FeatureStore
    from pyspark.sql import DataFrame

_SCHEMA = file_schema(RECOMMENDATIONS.columns)
_COMPLAINT = "complaint"
_FOUND = MONTH_FILE_SCHEMA.append(pa.field(_COMPLAINT, pa.string()))
"""What a task returns: its file, or a row that says what is wrong with the scores or a list."""


def score_month(lake: Lake, store: "FeatureStore", model: Recommender, version: int, month: Month) -> int:
    """Replace the recommendations of a month by those of a model and return the number of rows.

    Every customer of the month gets a list of min(7, 24 - owned) products. Raises InputError when the month has no features,
    SantanderError for scores or a list that no recommender may give (``models/list_check.py``); then nothing is written.
    """
    from santander.store.access import retrieve

    if month not in lake.months(FEATURES_TABLE):
        raise InputError(f"no features for {month}", month=month, hint=f"run 'santander features --month {month}' first")
    features = retrieve(store, entities(lake, month), FEATURE_SET, [month], tuple(model.families))
    rows_meant = _list_lengths(lake, month)
    with staging(lake, OF_SCORES) as folder:
        files = _write_lists(features, model, version, month, folder)
        lake.replace_months_by_files(RECOMMENDATIONS, files, folder, {month: rows_meant}, {"model_version": version})
    return rows_meant


def entities(lake: Lake, month: Month) -> "DataFrame":
    """Return (customer_id, event_timestamp), one row per customer of the month that is scored."""
    from pyspark.sql import functions as F

    return lake.read_months(CUSTOMERS, [month]).select(
        "customer_id", F.col("snapshot_date").cast("timestamp").alias("event_timestamp")
    )


def _write_lists(features: "DataFrame", model: Recommender, version: int, month: Month, folder: Place) -> list[MonthFile]:
    """Rank from one row of features per customer, where the data are, and write the lists below ``folder``; the files."""
    from pyspark.sql.pandas.types import from_arrow_schema

    found = features.mapInArrow(_writer(model, version, month, folder), from_arrow_schema(_FOUND)).toArrow().to_pylist()
    complaints = [complaint for row in found if (complaint := row.pop(_COMPLAINT)) is not None]
    if complaints:
        raise SantanderError(
            f"version {version} {complaints[0]} of {month}: nothing was written",
            month=month,
            hint="let another version score by 'santander promote --version N --override --reason TEXT'",
        )
    return [MonthFile(**row) for row in found]


def _writer(
    model: Recommender, version: int, month: Month, folder: Place
) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    def write_lists(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with MonthFileWriter(RECOMMENDATIONS, folder) as writer:
            for features in together(batches):
                try:
                    scores, ranks = checked_lists(model, features)
                except WrongLists as wrong:
                    yield pa.RecordBatch.from_pylist([{_COMPLAINT: wrong.complaint}], schema=_FOUND)
                    return
                writer.write(_list_rows(features, scores, ranks, version, month))
            written = as_batch(writer.finish())
        yield written.append_column(_COMPLAINT, pa.nulls(written.num_rows, pa.string()))

    return write_lists


def _list_rows(features: pa.Table, scores: Scores, ranks: Ranks, version: int, month: Month) -> pa.RecordBatch:
    """The lists of some customers, a row per product; ``score`` is null for a product the model has no opinion of."""
    score = np.take_along_axis(scores, np.maximum(ranks, 0).astype(np.intp), axis=1).ravel().astype(np.float64)
    product = ranks.ravel().astype(np.int32)
    n = len(product)
    arrays = [
        pa.array(np.repeat(features["customer_id"].to_numpy(), LIST_LENGTH)),
        pa.repeat(pa.scalar(month.snapshot, pa.date32()), n),
        pa.array(np.tile(np.arange(1, LIST_LENGTH + 1, dtype=np.int8), len(ranks))),
        pa.DictionaryArray.from_arrays(pa.array(np.maximum(product, 0)), pa.array(PRODUCT_NAMES)),
        pa.array(score, from_pandas=True),
        pa.repeat(pa.scalar(version, pa.int32()), n),
    ]
    rows = pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)
    listed = product != NO_PRODUCT
    return rows if listed.all() else rows.filter(pa.array(listed))


def _list_lengths(lake: Lake, month: Month) -> int:
    from pyspark.sql import functions as F

    length = F.least(F.lit(LIST_LENGTH), F.lit(N_PRODUCTS) - F.bit_count("owned"))
    total = lake.read_months(FEATURES_TABLE, [month]).agg(F.sum(length.cast("bigint")))
    return int(total.collect()[0][0] or 0)
