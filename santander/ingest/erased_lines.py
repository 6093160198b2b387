"""Lines of erased customers in a landing file: they go to quarantine without their text, and never into ``customers``."""

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from santander.schema.catalogue import PARTITION
from santander.suppression import ERASED
from santander.suppression.spellings import numbers_in, plain_digits
from santander.suppression.suppression_list import SuppressionList

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

_KEPT = ("file_index", "line")


def without_erased(erased: SuppressionList, staged: "DataFrame") -> "DataFrame":
    """Return the staged lines, of erased customers only file, line number and month with the reason ``erased``.

    Malformed lines count as theirs when the key can be read, or when an erased id occurs in them as a whole token.
    Costs one pass over the ids, and only when anybody was ever erased.
    """
    from pyspark.sql import functions as F

    if not erased:
        return staged
    there = staged.where("customer_id IS NOT NULL").select("customer_id").distinct().toArrow()["customer_id"]
    customers = erased.among(there.to_pylist())
    broken = staged.where("row_reason IS NOT NULL").select(*_KEPT, "row_raw", "row_customer_id").toArrow()
    by_key = erased.among(broken["row_customer_id"].drop_null().to_pylist())
    keyed = (i for i, key in enumerate(broken["row_customer_id"].to_pylist()) if key in by_key)
    lines = {*keyed, *_lines_naming(broken["row_raw"].to_pylist(), erased.among)}
    places = [(broken["file_index"][i].as_py(), broken["line"][i].as_py()) for i in sorted(lines)]
    if not customers and not places:
        return staged
    log.info("%s erased customers are in the files, and %s broken lines that name one", len(customers), len(places))
    session = staged.sparkSession
    of_customer = session.createDataFrame([(each,) for each in sorted(customers)], "erased_customer bigint")
    of_line = session.createDataFrame(places, "erased_file int, erased_line bigint")
    same_line = (F.col("file_index") == F.col("erased_file")) & (F.col("line") == F.col("erased_line"))
    joined = staged.join(F.broadcast(of_customer), on=F.col("customer_id") == F.col("erased_customer"), how="left").join(
        F.broadcast(of_line), on=same_line, how="left"
    )
    is_erased = F.col("erased_customer").isNotNull() | F.col("erased_line").isNotNull()
    month = F.coalesce(F.col("row_month"), F.date_format(PARTITION, "yyyy-MM"))
    settled = {"row_reason": F.lit(ERASED), "row_month": month}
    return joined.select(
        *(
            F.col(name)
            if name in _KEPT
            else F.when(is_erased, settled.get(name, F.lit(None))).otherwise(F.col(name)).cast(type_).alias(name)
            for name, type_ in staged.dtypes
        )
    )


def _lines_naming(texts: list[str], among: "Callable[[Iterable[int]], set[int]]") -> list[int]:
    """Return the positions of the texts in which an erased id occurs as a whole token."""
    encoded = [plain_digits(text.encode()) for text in texts]
    ends = np.cumsum([len(text) + 1 for text in encoded])
    starts, values = numbers_in(b"\n".join(encoded))
    named = among(np.unique(values).tolist())
    hits = starts[np.isin(values, sorted(named))] if named else starts[:0]
    return sorted(set(np.searchsorted(ends, hits, side="right").tolist()))
