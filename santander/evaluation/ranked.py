"""Lists of customers as small rows, made where their features are: in the driver, or in the tasks of an engine.

Of a customer who added something come back the list, its average precision and, where asked for, scores and chances; of one in
the sample the list; of everybody else that they were ranked, in the counts of products and in those of chances.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.evaluation.average_precision import Precisions, average_precision
from santander.evaluation.chance_bins import ChanceBins
from santander.evaluation.slices import group_of
from santander.features.expansion import bits_of
from santander.models.chances import Chances
from santander.models.list_check import WrongLists, checked_chances, checked_lists
from santander.models.ranking import LIST_LENGTH, NO_PRODUCT, Ranks, Scores
from santander.models.recommender import CHUNK_ROWS, Recommender
from santander.schema.products import N_PRODUCTS

Reduce = Callable[[pa.Table], pa.Table]
"""Makes small rows of some customers with their features and what they added."""
Apply = Callable[[Reduce], pa.Table]
"""Applies it to all rows, piece by piece where they are, and returns the small rows of all pieces in the driver."""


class Whom(IntEnum):
    """Whose lists are made."""

    BUYERS = 0
    """Everyone who added something."""
    SAMPLE = 1
    """The buyers, and a share of all customers."""
    EVERYONE = 2


@dataclass(frozen=True)
class Asked:
    """A model whose lists are asked for, and what a complaint calls it."""

    model: Recommender
    whom: Whom = Whom.BUYERS
    whose: str | None = None
    scores: bool = False
    """Whether the scores of the buyers come back."""
    chances: Chances | None = None
    """What gives chances of its scores; then everyone is looked at, whoever's lists are made."""


@dataclass(frozen=True)
class Ranked:
    """The lists of a model: row i of each array is of the i-th customer who added something, in order of customer."""

    customers: npt.NDArray[np.int64]
    ranks: Ranks
    precisions: Precisions
    scores: Scores
    """Empty where not asked for."""
    sample: Ranks
    """The lists of the sample in order of customer, buyers in it included; empty where not asked for."""
    listed: npt.NDArray[np.int64]
    """For each product (24) the lists of those who were ranked that name it."""
    chances: Scores
    """The chances of the buyers; empty where not asked for."""
    bins: ChanceBins
    """The chances of everybody; none where not asked for."""


SMALL_ROWS = pa.schema(
    [
        ("asked", pa.int8()),
        ("customer_id", pa.int64()),
        ("bought", pa.bool_()),
        ("drawn", pa.bool_()),
        ("precision", pa.float64()),
        ("ranks", pa.binary()),
        ("scores", pa.binary()),
        ("listed", pa.binary()),
        ("chances", pa.binary()),
        ("bins", pa.binary()),
        ("complaint", pa.string()),
    ]
)
"""A customer of one of the asked models; or, without a customer, the counts of a piece or what is wrong with a list."""


def rank(apply: Apply, asked: Sequence[Asked], share: float = 1.0) -> list[Ranked]:
    """Return the lists of each model; raises WrongLists. ``share`` of all customers are the sample, the same every time."""
    found = apply(partial(_small_rows, asked, share))
    for wrong in found.filter(pc.field("complaint").is_valid()).to_pylist():
        raise WrongLists(_named(asked[wrong["asked"]]), wrong["complaint"])
    return [_ranked(found.filter(pc.field("asked") == number)) for number in range(len(asked))]


def drawn_customers(customers: npt.NDArray[np.integer], share: float) -> npt.NDArray[np.bool_]:
    """Return who is in a sample of this share: a hash of the customer's number decides."""
    if share >= 1:
        return np.ones(len(customers), dtype=np.bool_)
    return np.asarray(_hashed(customers) < np.uint64(share * 2**64))


def _named(asked: Asked) -> str:
    return asked.whose or f"the recommender {type(asked.model).__name__}"


def _small_rows(asked: Sequence[Asked], share: float, rows: pa.Table) -> pa.Table:
    added, customers = rows["added"].to_numpy(), rows["customer_id"].to_numpy()
    bought = added != 0
    sample = drawn_customers(customers, share)
    parts = []
    for number, each in enumerate(asked):
        drawn = sample if each.whom is Whom.SAMPLE else np.zeros_like(bought)
        everyone = each.whom is Whom.EVERYONE or each.chances is not None
        looked = np.ones_like(bought) if everyone else bought | drawn
        if not looked.any():
            continue
        try:
            scores, ranks = checked_lists(each.model, rows if looked.all() else rows.filter(pa.array(looked)))
            chances, bins = _chances(each, rows, scores, bought | drawn)
        except WrongLists as wrong:
            return _table(asked=[number], complaint=[wrong.complaint])
        place = np.flatnonzero((bought | drawn)[looked])
        kept = np.flatnonzero(looked)[place]
        listed = np.bincount(ranks[ranks != NO_PRODUCT], minlength=N_PRODUCTS).astype(np.int64)
        parts += [
            _table(
                asked=np.full(len(kept), number),
                customer_id=customers[kept],
                bought=bought[kept],
                drawn=drawn[kept],
                precision=average_precision(ranks[place], added[kept]),
                ranks=_packed(ranks[place]),
                scores=_packed(scores[place]) if each.scores else None,
                chances=chances,
            ),
            _table(asked=[number], listed=[listed.tobytes()]),
            _table(asked=[number] * len(bins), bins=bins),
        ]
    return pa.concat_tables(parts) if parts else SMALL_ROWS.empty_table()


def _chances(asked: Asked, rows: pa.Table, scores: Scores, kept: npt.NDArray[np.bool_]) -> tuple[pa.Array | None, list[bytes]]:
    """The chances of the rows that are ``kept``, and the bins of those of all; neither where not asked for."""
    if asked.chances is None:
        return None, []
    chosen, bins = [], []
    for start in range(0, rows.num_rows, CHUNK_ROWS):
        some, part = rows.slice(start, CHUNK_ROWS), slice(start, start + CHUNK_ROWS)
        chances = checked_chances(asked.model, asked.chances, some, scores[part])
        chosen.append(chances[kept[part]])
        bins.append(ChanceBins.of(chances, bits_of(some["added"].to_numpy()), group_of(some)).pack())
    return _packed(np.concatenate(chosen)), bins


def _table(**columns: Any) -> pa.Table:
    n = len(columns["asked"])
    given = {name: column for name, column in columns.items() if column is not None}
    return pa.table(
        [pa.array(given[f.name], f.type) if f.name in given else pa.nulls(n, f.type) for f in SMALL_ROWS], schema=SMALL_ROWS
    )


def _packed(rows: npt.NDArray[Any]) -> pa.Array:
    """Each row of a matrix as bytes."""
    width = rows.shape[1] * rows.itemsize
    data = pa.py_buffer(np.ascontiguousarray(rows))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(rows), [None, data]).cast(pa.binary())


def _unpacked(column: pa.ChunkedArray, type_: type[np.generic], width: int) -> npt.NDArray[Any]:
    return np.frombuffer(b"".join(column.drop_null().to_pylist()), dtype=type_).reshape(-1, width)


def _ranked(found: pa.Table) -> Ranked:
    customers = found.filter(pc.field("customer_id").is_valid()).sort_by("customer_id")
    buyers, sample = customers.filter(pc.field("bought")), customers.filter(pc.field("drawn"))
    return Ranked(
        customers=buyers["customer_id"].to_numpy(),
        ranks=_unpacked(buyers["ranks"], np.int8, LIST_LENGTH),
        precisions=buyers["precision"].to_numpy(),
        scores=_unpacked(buyers["scores"], np.float32, N_PRODUCTS),
        sample=_unpacked(sample["ranks"], np.int8, LIST_LENGTH),
        listed=_unpacked(found["listed"], np.int64, N_PRODUCTS).sum(axis=0),
        chances=_unpacked(buyers["chances"], np.float32, N_PRODUCTS),
        bins=ChanceBins.unpack(found["bins"].drop_null().to_pylist()),
    )


def _hashed(numbers: npt.NDArray[np.integer]) -> npt.NDArray[np.uint64]:
    """A hash of each number, evenly spread over 64 bits.

    Source: G. Steele, D. Lea, C. Flood, Fast Splittable Pseudorandom Number Generators (OOPSLA 2014), the mixer of SplitMix64.
    """
    mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)
