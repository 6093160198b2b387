"""Scoring a month, PySpark: bitmasks expanded by expressions, the booster called in mapInArrow."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from peers.lists import Model, parts_of
from peers.pyspark_local.features import LAGS
from peers.pyspark_local.session import session

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column


def scoring(features: Path, month: str, model_folder: Path, out: Path) -> dict[str, float]:
    """Write the lists of all customers of the month."""
    from pyspark.sql import functions as F

    names = Model.read(model_folder).columns

    def ranked(batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        model = Model.read(model_folder)
        for batch in batches:
            ids, owned, *columns = (batch.column(i).to_numpy(zero_copy_only=False) for i in range(batch.num_columns))
            lists, _ = model.lists(ids, owned, np.column_stack(columns))
            plain = lists.set_column(2, "product", lists["product"].cast("string"))
            yield from plain.combine_chunks().to_batches()

    with session() as spark:
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 65_536)
        rows = spark.read.parquet(str(features / f"snapshot_date={month}-28"))
        expanded = [
            F.coalesce(_column(name).cast("float"), F.lit(float("nan")).cast("float")).alias(f"c{i}")
            for i, name in enumerate(names)
        ]
        matrix = rows.select("customer_id", "owned", *expanded)
        lists = matrix.mapInArrow(ranked, "customer_id bigint, rank tinyint, product string, score double")
        lists.write.parquet(str(out), mode="overwrite")
    return {}


def _column(name: str) -> "Column":
    from pyspark.sql import functions as F

    def bit_of(lag: str, bit: int) -> "Column":
        return F.shiftright(lag, bit).bitwiseAND(F.lit(1))

    group, bit = parts_of(name)
    if bit is None:
        return F.col(group)
    if group == "lag_1_bits":
        return bit_of(LAGS[0], bit)
    if group == "months_held":
        held = [F.coalesce(bit_of(lag, bit), F.lit(0)) for lag in LAGS]
        return F.when(F.col("months_known") > 0, held[0] + held[1] + held[2] + held[3] + held[4])
    raise ValueError(f"no peer knows the model column {name}")
