"""The offers of a month as a list to hand over: csv or Parquet, the likeliest first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from santander.config.offer_rules import offer_rules
from santander.errors import InputError, did_you_mean
from santander.lake.lake import Lake
from santander.ledger.offers import are_of_these_rules
from santander.ledger.step_ledger import StepLedger
from santander.models.groups import SEGMENTS
from santander.offers.opened import opened
from santander.offers.rule_columns import refuse_unknown_columns
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES
from santander.storage.places import Place, whole_file
from santander.suppression.objections import objectors

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS_AT_A_TIME = 1 << 16
"""Rows that are written together. No setting: the file is the same with any."""
COLUMNS = pa.schema(
    [("customer_id", pa.int64()), ("product", pa.string()), ("chance", pa.float64()), ("reasons", pa.list_(pa.string()))]
)
_BY_SEGMENT = {name: f"{number:02d} - " for number, name in enumerate(SEGMENTS) if number}
_TEXTS = next(column.values for column in PROFILE_COLUMNS if column.name == "segment")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which offers a list is to have: of one product, so many, of one segment, with at least this chance."""

    product: str | None = None
    top: int | None = None
    segment: str | None = None
    least_chance: float | None = None

    def condition(self) -> str:
        """Return them as SQL; raises InputError for an unknown product or segment, which names the one that is near."""
        terms = ["true"]
        if self.product is not None:
            if self.product not in PRODUCT_NAMES:
                hint = did_you_mean(self.product, PRODUCT_NAMES)
                raise InputError(f"--product: unknown product '{self.product}'", example=self.product, hint=hint)
            terms.append(f"product = '{self.product}'")
        if self.segment is not None:
            terms.append(f"customer_id IN (FROM customers SELECT customer_id WHERE {self._of_segment(self.segment)})")
        if self.least_chance is not None:
            terms.append(f"chance >= {self.least_chance!r}")
        return " AND ".join(terms)

    def _of_segment(self, name: str) -> str:
        if name == SEGMENTS[0]:
            return "segment IS NULL"
        if name in _TEXTS or name in _BY_SEGMENT:
            return f"starts_with(segment, '{_BY_SEGMENT.get(name, name)}')"
        raise InputError(f"--segment: unknown segment '{name}'", example=name, hint=did_you_mean(name, [*SEGMENTS, *_TEXTS]))


@dataclass(frozen=True, slots=True)
class Exported:
    """The JSON object of ``offers --export``."""

    month: Month
    file: str
    offers: int
    objecting: int
    """Customers with offers of the month who objected since these were made: the file does not name them."""
    with_chances: bool


def export_offers(lake: Lake, month: Month, file: Place, wanted: Wanted, *, force: bool) -> Exported:
    """Write the offers that are wanted: columns customer_id, product, chance, reasons; ties by customer and product.

    Who objects by now is left out, also where the offers were made before. Raises InputError for a file that is there already,
    one of another kind, and offers that were made by other rules or of other rows than there are now.
    """
    write = _writer_for(file, force=force)
    condition = wanted.condition()
    if not are_of_these_rules(StepLedger(lake), month, rules := offer_rules(lake.settings)):
        refuse_unknown_columns(rules)
        raise InputError(
            f"the offers of {month} were made by other rules, or of other customers or lists, than there are now",
            month=month,
            hint=f"run 'santander score --month {month}' first",
        )
    who = objectors(lake.settings, lake)
    with opened(lake, month) as connection:
        with_chances = connection.execute("SELECT count(chance) > 0 FROM offers").fetchall()[0][0]
        if wanted.least_chance is not None and not with_chances:
            raise InputError(
                f"--least-chance: the version that scored {month} gives no chances",
                month=month,
                hint=f"train again by 'santander train --month {month}', then 'santander score --month {month}'",
            )
        objecting = _objecting(connection, who.among) if who else []
        connection.register("objecting", pa.table({"customer_id": pa.array(objecting, pa.int64())}))
        limit = "" if wanted.top is None else f"LIMIT {wanted.top}"
        rows = connection.sql(
            f"SELECT {', '.join(COLUMNS.names)} FROM offers WHERE {condition} "  # noqa: S608  (names and numbers of our own)
            f"AND customer_id NOT IN (FROM objecting) ORDER BY chance DESC NULLS LAST, customer_id, product {limit}"
        ).to_arrow_reader(ROWS_AT_A_TIME)
        with whole_file(file) as out:
            written = write(rows, out)
    return Exported(month, str(file), written, len(objecting), with_chances)


def _objecting(connection: "DuckDBPyConnection", among: Callable[[Iterable[int]], set[int]]) -> list[int]:
    batches = connection.sql("SELECT DISTINCT customer_id FROM offers").to_arrow_reader(ROWS_AT_A_TIME)
    return sorted(each for batch in batches for each in among(batch.column(0).to_pylist()))


def _writer_for(file: Place, *, force: bool) -> Callable[[Iterable[pa.RecordBatch], BinaryIO], int]:
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    suffix = file.name[file.name.rfind(".") :].lower() if "." in file.name else ""
    if suffix not in writers:
        raise InputError(
            f"--export {file}: a list is written as csv or as Parquet",
            example=str(file),
            hint="end its name with .csv or .parquet",
        )
    if file.name.lower() == suffix:
        raise InputError(f"--export {file}: the file has no name before {suffix}", file=file, hint=f"such as offers{suffix}")
    if isinstance(file, Path) and not file.parent.is_dir():
        raise InputError(f"--export {file}: there is no folder {file.parent}", file=file, hint="make it first")
    if isinstance(file, Path) and file.is_dir():
        raise InputError(f"--export {file}: this is a folder", file=file, hint="name a file")
    if file.is_file() and not force:
        raise InputError(f"--export {file}: the file is there already", file=file, hint="name another, or give --force")
    return writers[suffix]


def _write_csv(rows: Iterable[pa.RecordBatch], out: BinaryIO) -> int:
    import pyarrow.csv as pa_csv

    out.write((",".join(COLUMNS.names) + "\n").encode())
    written = 0
    for batch in rows:
        at = COLUMNS.get_field_index("reasons")
        joined = pc.binary_join(batch.column(at), " ")
        for sign, word in (("+", "for:"), ("-", "against:")):  # a spreadsheet takes what begins with a sign for a formula
            joined = pc.replace_substring(joined, sign, word)
        plain = batch.set_column(at, "reasons", joined)
        pa_csv.write_csv(plain, out, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
        written += batch.num_rows
    return written


def _write_parquet(rows: Iterable[pa.RecordBatch], out: BinaryIO) -> int:
    import pyarrow.parquet as pq

    written = 0
    with pq.ParquetWriter(out, COLUMNS, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch.cast(COLUMNS))
            written += batch.num_rows
    return written
