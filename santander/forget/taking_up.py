"""Persons of an erasure that did not end: its journal has only their keyed digests, so every id that is found is hashed.

A person who is found nowhere has been removed already: an erasure empties the stores first and the tables last.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from santander.forget.decoding import KEY_COLUMNS, feast_keys
from santander.forget.parts import BROKEN, Part, parts_of
from santander.forget.places import files_below, is_below
from santander.forget.search import is_parquet
from santander.storage.places import Place, open_read
from santander.suppression.spellings import Numbers, numbers_in, plain_digits
from santander.suppression.suppression_list import SuppressionList

if TYPE_CHECKING:
    from santander.config.settings import Settings

_BLOCK = 16 << 20
"""Bytes that are read at a time, up to the end of a line."""


def ids_behind(settings: "Settings", suppressed: SuppressionList, digests: Iterable[str]) -> set[int]:
    """The customers with these digests, as far as any file below the data folder still names them."""
    wanted, found, seen = set(digests), set[int](), np.empty(0, np.int64)
    for values in _everybody(settings):
        new = np.setdiff1d(values, seen)
        seen = np.union1d(seen, new)
        for each in new.tolist():
            if (digest := suppressed.digest(each)) in wanted:
                wanted.discard(digest)
                found.add(each)
        if not wanted:
            break
    return found


def _everybody(settings: "Settings") -> Iterator[Numbers]:
    """Every number that may be an id: keys of tables in any version first, then of the online store, then tokens of texts."""
    lake = settings.data / "lake"
    online = settings.state / "feast" / "online.db"
    others: list[Place] = []
    for file in files_below(settings.data):
        if is_below(file, lake) and is_parquet(file):
            with suppress(*BROKEN):  # half of a file, as a killed writer leaves it, names nobody
                yield from _keys(file)
        elif not is_below(file, settings.state):
            others.append(file)
    if online.is_file():
        yield feast_keys(online)
    for file in others:
        yield from _tokens(settings, file)


def _keys(file: Place) -> Iterator[Numbers]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with open_read(file) as source:
        content = pq.ParquetFile(source)
        if names := [name for name in content.schema_arrow.names if name in KEY_COLUMNS]:
            for batch in content.iter_batches(columns=names):
                for name in names:
                    yield pc.unique(batch[name].cast("int64")).drop_null().to_numpy(zero_copy_only=False)


def _tokens(settings: "Settings", file: Place) -> Iterator[Numbers]:
    with suppress(*BROKEN), open_read(file) as source:
        for part in parts_of(source, settings.erasure):
            while (
                isinstance(part, Part) and not part.names and (block := part.source.read(_BLOCK) + part.source.readline(_BLOCK))
            ):
                yield np.unique(numbers_in(plain_digits(block), shortest=1)[1])
