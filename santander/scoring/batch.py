"""Score a month: features through Feast, ranked lists through the model, into the table ``recommendations``."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from santander.arrow import arrow_schema
from santander.bank.months import Month
from santander.bank.products import N_PRODUCTS, PRODUCT_NAMES
from santander.errors import InputError
from santander.features.declaration import FEATURE_SET
from santander.lake import Lake
from santander.models.ranking import LIST_LENGTH
from santander.models.recommender import Recommender
from santander.tables import CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS

if TYPE_CHECKING:
    from feast import FeatureStore
    from pyspark.sql import DataFrame

STEP_VERSION = 1
ROWS_AT_A_TIME = 65_536
"""The engine hands over small batches; predicting some at a time costs less than each alone."""

_SCHEMA = arrow_schema(RECOMMENDATIONS.columns)


def score_month(lake: Lake, store: "FeatureStore", model: Recommender, version: int, month: Month) -> int:
    """Replace the recommendations of a month by those of a model and return how many rows that is.

    Every customer with a row in the month gets a list of min(7, 24 - owned) products. Raises InputError when the month
    has no features.
    """
    from santander.store.access import retrieve

    if month not in lake.months(FEATURES_TABLE):
        raise InputError(f"no features for {month}: run 'santander features --month {month}' first")
    features = retrieve(store, entities(lake, month), FEATURE_SET)
    rows_meant = _list_lengths(lake, month)
    frame = recommend(features, model, version, month)
    lake.replace_months(RECOMMENDATIONS, frame, {month: rows_meant}, {"model_version": version})
    return rows_meant


def entities(lake: Lake, month: Month) -> "DataFrame":
    """Who is scored and as of when: (customer_id, event_timestamp), one row per customer of the month."""
    from pyspark.sql import functions as F

    return lake.read_months(CUSTOMERS, [month]).select(
        "customer_id", F.col("snapshot_date").cast("timestamp").alias("event_timestamp")
    )


def recommend(features: "DataFrame", model: Recommender, version: int, month: Month) -> "DataFrame":
    """Rows of ``recommendations`` from one row of features per customer; runs where the data are."""
    return features.mapInArrow(_ranker(model, version, month), RECOMMENDATIONS.schema())


def ranked_rows(features: pa.Table, model: Recommender, version: int, month: Month) -> pa.RecordBatch:
    """The lists of some customers, a row per product; ``score`` is null for a product the model has no opinion of."""
    scores = model.score(features)
    ranks = model.rank(features, scores)
    listed = ranks >= 0
    row, place = np.nonzero(listed)
    product = ranks[row, place]
    score = scores[row, product].astype(np.float64)
    arrays = [
        features["customer_id"].combine_chunks().take(pa.array(row)),
        pa.repeat(pa.scalar(month.snapshot, pa.date32()), len(row)),
        pa.array((place + 1).astype(np.int8)),
        pa.array(np.array(PRODUCT_NAMES, dtype=object)[product], pa.string()),
        pa.array(score, mask=np.isnan(score)),
        pa.repeat(pa.scalar(version, pa.int32()), len(row)),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def _ranker(model: Recommender, version: int, month: Month) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    def rank_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            waiting.append(batch)
            if sum(b.num_rows for b in waiting) >= ROWS_AT_A_TIME:
                yield ranked_rows(pa.Table.from_batches(waiting), model, version, month)
                waiting = []
        if waiting:
            yield ranked_rows(pa.Table.from_batches(waiting), model, version, month)

    return rank_batches


def _list_lengths(lake: Lake, month: Month) -> int:
    from pyspark.sql import functions as F

    length = F.least(F.lit(LIST_LENGTH), F.lit(N_PRODUCTS) - F.bit_count("owned"))
    total = lake.read_months(FEATURES_TABLE, [month]).agg(F.sum(length.cast("bigint")))
    return int(total.collect()[0][0] or 0)
