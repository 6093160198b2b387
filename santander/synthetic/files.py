"""Files of a bank, each there only when it is whole."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from santander.schema.columns import COLUMNS, PROFILE_COLUMNS
from santander.schema.products import N_PRODUCTS
from santander.storage.places import Place, whole_file
from santander.synthetic.sampling import Indices


class Hashed:
    """A file that is being written, with the SHA-256 of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, content: bytes | memoryview) -> None:
        """Write bytes to the file."""
        self._file.write(content)
        self._hash.update(content)

    @property
    def sha256(self) -> str:
        """The fingerprint of all bytes so far."""
        return self._hash.hexdigest()


def begin_landing(files: ExitStack, path: Place, *, products: bool) -> Hashed:
    """Begin a landing file with its header, all names quoted; it is there when ``files`` are closed without an error."""
    file = Hashed(files.enter_context(whole_file(path)))
    columns = COLUMNS if products else PROFILE_COLUMNS
    file.write((",".join(f'"{column.source}"' for column in columns) + "\n").encode())
    return file


def write_json(path: Place, content: dict[str, Any]) -> None:
    """Write one JSON object, indented."""
    with whole_file(path) as file:
        file.write((json.dumps(content, indent=2) + "\n").encode())


def write_csv(path: Place, rows: Iterable[Sequence[str]]) -> None:
    """Rows of texts, all quoted: the writer of Python 3.11 leaves a lone carriage return bare otherwise."""
    with whole_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
        text.detach()


def content_of(lines: pa.Array) -> memoryview:
    """The bytes of an array of text lines, one after the other."""
    _, offsets, data = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(data)[int(ends[0]) : int(ends[-1])] if len(lines) else memoryview(b"")


def coarse(propensity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Propensities with 11 bits of fraction left: three significant digits, which pack well."""
    kept = propensity.view(np.uint32) & np.uint32(0xFFFFF000)
    return kept.view(np.float32)


def write_propensity(path: Place, customer_id: Indices, owned: pa.Array, propensity: NDArray[np.float32]) -> None:
    """``propensity/<month>.parquet``: a row per customer of the month; ``propensity`` has shape (24, rows)."""
    lists = pa.FixedSizeListArray.from_arrays(pa.array(propensity.T.ravel()), N_PRODUCTS)
    table = pa.table({"customer_id": customer_id, "owned": owned, "propensity": lists})
    with whole_file(path) as file:
        pq.write_table(
            table,
            file,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            column_encoding={"customer_id": "DELTA_BINARY_PACKED", "propensity.list.element": "BYTE_STREAM_SPLIT"},
        )
