"""The competition's submission: every customer of a month once, Spanish product columns separated by spaces."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from santander.errors import InputError
from santander.lake.lake import Lake
from santander.lake.parts import write_in_parts
from santander.lake.staging import OF_SUBMISSION, staging
from santander.models.ranking import LIST_LENGTH
from santander.schema.catalogue import CUSTOMERS, RECOMMENDATIONS
from santander.schema.months import Month
from santander.schema.products import PRODUCTS
from santander.storage.places import Place, whole_file

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_BITS = 5
_RANKS = range(1, LIST_LENGTH + 1)
FOLDER = "submissions"
"""Below the data folder."""
HEADER = ("ncodpers", "added_products")
ROWS_AT_A_TIME = 1 << 18
"""Lists that are spelled out together: as numbers they take 16 bytes each, as texts a hundred. No setting: the file is the same
with any, and 26 MB of texts are little."""


def name_of(month: Month) -> str:
    """The name of the file of a month."""
    return f"{month}.csv"


def write_submission(lake: Lake, month: Month, folder: Place) -> tuple[Place, int]:
    """Write ``<folder>/<month>.csv`` from the month's recommendations; return the file and its number of customers.

    Where the engine has workers, they write parts of it, and only bytes are joined here.

    A customer who holds everything has an empty list. Raises InputError for a month that was not scored.
    """
    if month not in lake.months(RECOMMENDATIONS):
        raise InputError(f"no recommendations for {month}", month=month, hint=f"run 'santander score --month {month}' first")
    packed, path, header = _packed_lists(lake, month), folder / name_of(month), (",".join(HEADER) + "\n").encode()
    if lake.has_workers:
        with staging(lake, OF_SUBMISSION) as parts:
            return path, write_in_parts(path, header, packed, _write_lists, parts)
    with whole_file(path) as out:
        out.write(header)
        return path, _write_lists([packed.toArrow()], out)


def _write_lists(pieces: Iterable[pa.Table], out: BinaryIO) -> int:
    """Write lines of packed lists, some at a time, and return how many."""
    written = 0
    for piece in pieces:
        for start in range(0, piece.num_rows, ROWS_AT_A_TIME):
            lists = _spelled_out(piece.slice(start, ROWS_AT_A_TIME))
            pa_csv.write_csv(lists, out, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
        written += piece.num_rows
    return written


def _packed_lists(lake: Lake, month: Month) -> "DataFrame":
    """(customer_id, list), one row per customer of the month: a digit in base 32 per rank, the product's bit + 1, 0 for none.

    One number per list is one sum to aggregate; seven texts per list would be compared and copied at every row.
    """
    from pyspark.sql import functions as F

    digits = [(product.name, rank, (product.bit + 1) << _BITS * (rank - 1)) for product in PRODUCTS for rank in _RANKS]
    of_digit = lake.session.createDataFrame(digits, "name string, place tinyint, digit bigint")
    ranked = lake.read_months(RECOMMENDATIONS, [month]).select(F.col("customer_id").alias("listed_customer"), "product", "rank")
    lists = (
        ranked.join(
            F.broadcast(of_digit), on=(F.col("product") == F.col("name")) & (F.col("rank") == F.col("place")), how="inner"
        )
        .groupBy("listed_customer")
        .agg(F.sum("digit").alias("list"))
    )
    everyone = lake.read_months(CUSTOMERS, [month]).select("customer_id")
    return (
        everyone.join(lists, on=F.col("customer_id") == F.col("listed_customer"), how="left")
        .select("customer_id", F.coalesce("list", F.lit(0)).alias("list"))
        .orderBy("customer_id")
    )


def _spelled_out(packed: pa.Table) -> pa.Table:
    """The two columns of the submission from packed lists."""
    spelled = pa.array(["", *(f" {product.source}" for product in PRODUCTS)])
    lists = packed["list"].combine_chunks().to_numpy()
    digit = (1 << _BITS) - 1
    at_rank = [spelled.take(pa.array(lists >> _BITS * (rank - 1) & digit)) for rank in _RANKS]
    # no nulls: where it is told to skip them, Arrow leaves out the rows that have nothing else
    products = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*at_rank, ""), 1)
    return pa.table([packed["customer_id"], products], names=list(HEADER))
