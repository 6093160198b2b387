"""A snapshot opened for answering: arrays that are mapped, one row a customer, in the order of the customers' numbers.

What is mapped stays readable when the files are replaced or deleted: a month can be published again under load.
"""

import hashlib
import json
import struct
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from santander.schema.products import PRODUCT_NAMES
from santander.serving.snapshot.manifest import NAME, BrokenSnapshot, Manifest, StoredFile
from santander.storage.places import Place, open_read, size_of

if TYPE_CHECKING:
    import datetime as dt

    from santander.schema.months import Month
    from santander.store.packing import Layout

NO_PRODUCT = 255
_ATTEMPTS = 5
"""How often a snapshot is opened anew that is replaced meanwhile. No setting: it is replaced once in minutes at most."""


class StoredList(NamedTuple):
    """The list of one customer as it lies in the file: the bytes of a row of each array of Lists."""

    scores: bytes
    chances: bytes
    products: bytes
    reasons: bytes


class Lists:
    """Lists of all customers (rows x 7), the likeliest product first."""

    def __init__(self, records: npt.NDArray[np.void], reasons_of_a_product: int) -> None:
        shape, fields = records["products"].shape, records.dtype.names or ()
        self.products: npt.NDArray[np.uint8] = records["products"]
        """Bits of products, NO_PRODUCT where a list is shorter."""
        self.scores: npt.NDArray[np.float32] = records["scores"]
        """NaN where the model has no opinion, and for a product that is offered without being recommended."""
        nan, none = np.float32(np.nan), np.uint8(0)
        self.chances: npt.NDArray[np.float32] = records["chances"] if "chances" in fields else np.broadcast_to(nan, shape)
        """NaN where none is known."""
        reasons = (*shape, reasons_of_a_product)
        self.reasons: npt.NDArray[np.uint8] = records["reasons"] if "reasons" in fields else np.broadcast_to(none, reasons)
        """Codes (rows x 7 x reasons) into ``Snapshot.reasons``, 0 for none."""
        self.reasons_of_a_product = self.reasons.shape[2]
        self._bytes = records.view(np.uint8).data
        self._size = records.dtype.itemsize
        self._stored = _struct_of(records.dtype)
        self._missing = StoredList(*(b"" if name in fields else getattr(self, name)[:1].tobytes() for name in StoredList._fields))

    def at(self, row: int) -> StoredList:
        """Return the list of a row: one read, where slices of the arrays would be four."""
        scores, chances, products, reasons = self._stored.unpack_from(self._bytes, row * self._size)
        return StoredList(scores, chances or self._missing.chances, products, reasons or self._missing.reasons)


@dataclass(frozen=True, slots=True)
class EntityFeatures:
    """A user's family with a row for each province or segment, by its key as text."""

    entity: str
    features: tuple[str, ...]
    rows: Mapping[str, tuple[Any, ...]]


class Snapshot:
    """A month as it was published."""

    def __init__(self, folder: Path, manifest: Manifest, digest: str) -> None:
        """Map the arrays; raises FileNotFoundError, and BrokenSnapshot for an array that is not what it must be."""
        self.folder, self.manifest, self.digest = folder, manifest, digest
        self.month: Month = manifest.month
        self.as_of: dt.date = manifest.as_of
        self.version = manifest.version
        self.popularity = tuple(PRODUCT_NAMES.index(name) for name in manifest.popularity)
        """Bits of the products, the one that is added most first."""
        self.reasons = manifest.reasons
        self.ids: npt.NDArray[np.int64] = self.array("ids")
        self._find = memoryview(self.ids.data)
        self.recommendations = self._lists("recommendations")
        self.offers = self._lists("offers") if manifest.has_offers else None
        """None where the month had no offers when it was published."""
        self.features: npt.NDArray[np.uint8] = self.array("features")
        """Packed values (rows x ``layout.size``)."""
        self.incomes: npt.NDArray[np.float64] = self.array("incomes")
        """The income to impute by group, as ``features.incomes.MonthIncomes`` takes it."""
        self.products: Sequence[Mapping[str, str]] = self._json("products")
        """Texts of each product by its bit: ``name``, ``column`` of the landing files, ``name_en``, ``name_es``."""
        self.entity_features: Mapping[str, EntityFeatures] = {
            name: EntityFeatures(of["entity"], tuple(of["features"]), {key: tuple(row) for key, row in of["rows"].items()})
            for name, of in self._json("families").items()
        }
        """The user's families of provinces and segments that the model reads, by name."""

    def row(self, customer_id: int) -> int | None:
        """Return the row of a customer; None for one who is not in the snapshot."""
        row = bisect_left(self._find, customer_id)
        return row if row < len(self._find) and self._find[row] == customer_id else None

    def rows(self, customer_ids: Sequence[int]) -> list[int | None]:
        """Return the row of each customer; None for those who are not in the snapshot."""
        asked = np.array(customer_ids, np.int64)
        rows, after = (np.searchsorted(self.ids, asked, side).tolist() for side in ("left", "right"))
        return [row if row < end else None for row, end in zip(rows, after, strict=True)]

    @cached_property
    def layout(self) -> "Layout":
        """How a packed value lies."""
        from santander.store.packing import Layout, PackedFeature

        return Layout([PackedFeature(name, type_) for name, type_ in self.manifest.features])

    @property
    def model_folder(self) -> Path:
        """The fit that made the lists: ``model``, and ``chances`` where it has any.

        It is not mapped: it goes when the month is published with another one, so whoever needs it loads it at once.
        """
        return self.folder / self.manifest.parts["model"]

    def array(self, part: str) -> npt.NDArray[Any]:
        """Return the array of a part, mapped."""
        name = self.manifest.parts[part]
        try:
            return np.asarray(np.load(self.folder / name, mmap_mode="r", allow_pickle=False))
        except ValueError:
            raise BrokenSnapshot(self.folder / name, "is not the array that was written") from None

    def _json(self, part: str) -> Any:
        return json.loads((self.folder / self.manifest.parts[part]).read_bytes())

    def _lists(self, part: str) -> Lists:
        return Lists(self.array(part), self.manifest.reasons_of_a_product)


def _struct_of(dtype: "np.dtype[np.void]") -> struct.Struct:
    """Return what reads a StoredList from a record: each field as its bytes, one that the record lacks as none."""
    fields: Mapping[str, tuple[Any, ...]] = dtype.fields or {}
    layout, end = "<", 0
    for name in StoredList._fields:
        if name not in fields:
            layout += "0s"
            continue
        field, offset = fields[name][:2]
        layout += f"{offset - end}x{field.itemsize}s"
        end = offset + field.itemsize
    return struct.Struct(layout)


def open_snapshot(folder: Path, *, verify: bool = True) -> Snapshot:
    """Open the snapshot in a local folder.

    Sizes of all files are compared, and unless ``verify`` is False their digests. Raises BrokenSnapshot with the file.
    """
    for _ in range(_ATTEMPTS):
        manifest, digest = read_manifest(folder)
        try:
            check_files(folder, manifest, verify=verify)
            return Snapshot(folder, manifest, digest)
        except (BrokenSnapshot, FileNotFoundError):
            if read_manifest(folder)[1] == digest:  # else it was published again meanwhile
                raise
    raise BrokenSnapshot(folder, "is replaced again and again while it is opened")


def read_manifest(folder: Place) -> tuple[Manifest, str]:
    """Return the manifest in a folder and its digest; raises BrokenSnapshot."""
    stored = stored_manifest(folder)
    return Manifest.read(stored, folder / NAME), hashlib.sha256(stored).hexdigest()


def stored_manifest(folder: Place) -> bytes:
    """Return the bytes of the manifest in a folder; raises BrokenSnapshot where there is none."""
    file = folder / NAME
    if not file.is_file():
        raise BrokenSnapshot(file, "is missing")
    with open_read(file) as source:
        return source.read()


def check_files(folder: Place, manifest: Manifest, *, verify: bool) -> None:
    """Raise BrokenSnapshot for the first file that is missing, or is not as it was written."""
    for path, stored in manifest.files.items():
        file = file_below(folder, path)
        if not file.is_file():
            raise BrokenSnapshot(file, "is missing")
        if (size := size_of(file)) != stored.size:
            raise BrokenSnapshot(file, f"has {size} bytes, and {stored.size} were written")
        if verify and file_facts(file) != stored:
            raise BrokenSnapshot(file, "has another digest than what was written")


def file_below(folder: Place, path: str) -> Place:
    """Return the place of a file of a snapshot."""
    for name in path.split("/"):
        folder = folder / name
    return folder


def file_facts(file: Place) -> StoredFile:
    """Return size and digest of a file."""
    with open_read(file) as source:
        return StoredFile(size_of(file), hashlib.file_digest(source, "sha256").hexdigest())  # type: ignore[arg-type]
