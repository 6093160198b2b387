"""From probabilities to the seven products a customer is shown, in numpy: what every peer does after its predict."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from peers.rules import HOLDS

LENGTH = 7
BLOCK = 131_072
"""Customers that are scored at a time."""
Columns = list[str]


@dataclass(frozen=True)
class Model:
    """A saved booster and what its neighbour file says: columns in order, product of each class, prior of each product."""

    booster: Any
    columns: Columns
    classes: npt.NDArray[np.intp]
    prior: npt.NDArray[np.float64]

    @classmethod
    def read(cls, folder: Path) -> "Model":
        """Read ``booster.ubj`` and ``boosted_trees.json``."""
        import xgboost

        facts = json.loads((folder / "boosted_trees.json").read_text())
        if facts.get("pooled"):
            raise ValueError("the peers do not share out pooled classes: train a recipe that leaves rare products out")
        booster = xgboost.Booster(model_file=folder / "booster.ubj")
        booster.set_param({"nthread": 0})
        classes = np.array([HOLDS.index(name) for name in facts["products"]])
        return cls(booster, facts["columns"], classes, np.array([facts["prior"][name] for name in HOLDS]))

    def lists(self, customers: npt.NDArray[np.int64], owned: npt.NDArray[np.int32], matrix: Any) -> tuple[pa.Table, float]:
        """(customer_id, rank, product, score) of each list, and the seconds of the predict alone.

        Owned products are left out; products without a class follow by their prior, ties by prior, then by bit.
        """
        started = time.monotonic()
        chances = self.booster.inplace_predict(matrix)
        seconds = time.monotonic() - started
        order = np.lexsort((np.arange(len(HOLDS)), -self.prior))
        place = np.argsort(order)
        scores = np.full((len(customers), len(HOLDS)), np.nan, np.float32)
        scores[:, place[self.classes]] = chances
        sortable = np.where(np.isnan(scores), np.float32(-1), scores)
        is_owned = (owned[:, None] >> order & 1).astype(bool)
        sortable[is_owned] = -2
        best = np.argsort(-sortable, axis=1, kind="stable")[:, :LENGTH]
        listed = np.take_along_axis(sortable, best, axis=1) > -2
        row, rank = np.nonzero(listed)
        chosen = best[row, rank]
        score = scores[row, chosen].astype(np.float64)
        products = pa.DictionaryArray.from_arrays(pa.array(order[chosen].astype(np.int8)), pa.array(HOLDS))
        lists = pa.table(
            {"customer_id": customers[row], "rank": (rank + 1).astype(np.int8), "product": products,
             "score": pa.array(score, mask=np.isnan(score))}
        )  # fmt: skip
        return lists, seconds


def write_lists(
    model: Model, blocks: Iterable[tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], Any]], out: Path
) -> dict[str, float]:
    """Write the lists of customers that come in blocks of ids, masks of what they own and rows; the seconds of the predict."""
    seconds = 0.0
    writer: pq.ParquetWriter | None = None
    for customers, owned, matrix in blocks:
        lists, taken = model.lists(customers, owned, matrix)
        seconds += taken
        writer = writer or pq.ParquetWriter(out, lists.schema)
        writer.write_table(lists)
    if writer is not None:
        writer.close()
    return {"predict": seconds}


def parts_of(column: str) -> tuple[str, int | None]:
    """A model column as its group and the bit of its product; a feature that is taken as it is has no bit."""
    group, _, product = column.partition(".")
    return group, HOLDS.index(product) if product else None
