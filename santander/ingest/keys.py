"""Customer ids read from the parquet files of a month of ``customers``, without an engine."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from santander.schema.catalogue import CUSTOMERS
from santander.storage.places import Place, open_read

Keys = npt.NDArray[np.int64]

_KEY = CUSTOMERS.key[0]


def sorted_keys(files: Iterable[Place]) -> Keys:
    """Return the customer ids of these files in order; an id stands as often as there are rows with it."""
    columns: list[pa.ChunkedArray] = []
    for file in files:
        with open_read(file) as source:
            columns.append(pq.read_table(source, columns=[_KEY]).column(_KEY))
    chunks = [chunk for column in columns for chunk in column.chunks]
    return np.sort(pa.chunked_array(chunks, pa.int64()).to_numpy())


def distinct_keys(files: Iterable[Place]) -> Keys:
    """Return the customer ids of these files in order, each once."""
    keys = sorted_keys(files)
    return keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
