"""What a table on disk must be to be read and written here: its columns, and what its Delta protocol asks.

The catalogue may gain columns, all of which may be null: ``upgrade_schema`` adds them to a table that was made before
(docs/adr/0016). Any other change of a column is another column under another name, or another data folder.

Rows are read in four ways - by the engine, by deltalake's queries, by deltalake through Arrow, and file by file in tasks and in
the audit - and written in three. A feature of the protocol counts as honoured where every one of them does (docs/adr/0037).
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from santander.errors import SantanderError
from santander.schema.catalogue import Table
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES
from santander.schema.types import delta_type, type_name

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from deltalake import Schema as DeltaSchema


class SchemaMismatch(SantanderError):
    """A frame does not have exactly the columns that the catalogue declares for its table."""

    def __init__(self, table: Table, declared: Sequence[str], given: Sequence[str]) -> None:
        missing = sorted(set(declared) - set(given))
        unknown = sorted(set(given) - set(declared))
        detail = f"missing {missing}, not declared {unknown}" if missing or unknown else "the columns are in another order"
        super().__init__(f"table {table.name}: a write must have exactly the declared columns; {detail}")


class RowCountMismatch(SantanderError):
    """A commit wrote other rows than were meant; it was rolled back, unless others have committed since."""

    def __init__(self, table: Table, month: Month | None, meant: int, written: int, *, rolled_back: bool = True) -> None:
        after = "the commit was rolled back" if rolled_back else "others have committed since, so it stands: run the step again"
        place = table.name if month is None else f"{table.name}, month {month}"
        super().__init__(f"table {place}: {meant} rows were meant, {written} written; {after}")


class OutdatedTable(SantanderError):
    """A table was made before the catalogue gained columns."""

    def __init__(self, table: Table, lacking: list[str]) -> None:
        super().__init__(
            f"table {table.name} was made by an earlier version and lacks {', '.join(lacking)}",
            hint="run 'santander maintain --upgrade'",
        )


class ForeignTable(SantanderError):
    """A table has columns that the catalogue does not know, or knows with another type."""

    def __init__(self, table: Table, differing: list[str]) -> None:
        super().__init__(
            f"table {table.name} was made by a later version or by something else: {', '.join(differing)}",
            hint="use the version that made it, or another data folder",
        )


class OtherProducts(SantanderError):
    """A table with bitmasks of products was made with the products in another order: bit i stands for another product."""

    def __init__(self, table: Table, bit: int, was: str) -> None:
        super().__init__(
            f"table {table.name} was made with other products than this code has (bit {bit} was {was}, is {PRODUCT_NAMES[bit]})",
            hint="use the version that made it, or another data folder; a new product comes last",
        )


def declared_schema(table: Table) -> "DeltaSchema":
    """The columns of the catalogue as a Delta schema."""
    from deltalake import Field
    from deltalake import Schema as DeltaSchema

    return DeltaSchema([Field(name, delta_type(type_)) for name, type_ in table.columns])


def check_schema(delta: "DeltaTable", table: Table) -> "DeltaTable":
    """Return the table as given, when it has the columns that the catalogue declares.

    Raises OutdatedTable, ForeignTable, and OtherProducts.
    """
    declared = {field.name: field.type for field in declared_schema(table).fields}
    found = {field.name: field.type for field in delta.schema().fields}
    differing = [
        f"column {name} is {type_name(type_)}, "
        + (f"declared is {type_name(declared[name])}" if name in declared else "which is not declared")
        for name, type_ in found.items()
        if declared.get(name) != type_
    ]
    if differing:
        raise ForeignTable(table, differing)
    products = [name for name in found if name in PRODUCT_NAMES]
    if moved := next(((bit, name) for bit, name in enumerate(products) if name != PRODUCT_NAMES[bit]), None):
        raise OtherProducts(table, *moved)
    if lacking := [name for name in declared if name not in found]:
        raise OutdatedTable(table, lacking)
    return delta


def upgrade_schema(delta: "DeltaTable", table: Table) -> list[str]:
    """Add the declared columns that the table lacks, null in every row there is; their names.

    Raises ForeignTable, and OtherProducts.
    """
    try:
        check_schema(delta, table)
    except OutdatedTable:
        found = {field.name for field in delta.schema().fields}
        fields = [field for field in declared_schema(table).fields if field.name not in found]
        delta.alter.add_columns(fields)
        return [field.name for field in fields]
    return []


READER_FEATURES = frozenset({"timestampNtz", "variantType"})
"""Features of types that no table of the catalogue has; a column of such a type is refused by the schema."""

WRITER_FEATURES = READER_FEATURES | {"appendOnly", "checkConstraints", "generatedColumns", "invariants"}
"""Features that ask nothing of a writer until a property or a column uses them, which is looked at by itself."""

_REFUSED_PROPERTIES = ("delta.appendOnly", "delta.enableChangeDataFeed")
_MAPPING_MODE = "delta.columnMapping.mode"
_LAST_WRITER = 7
"""The last version of writers that there is; what a table asks of them is listed as features."""

_UNSUPPORTED = re.compile(r"Feature '([^']+)' is not supported|Unsupported minimum (reader version \d+)")
"""What deltalake says of a table that it does not even open."""


class UnreadableProtocol(SantanderError):
    """A table has reader features that are not honoured: read past them, deleted rows come back or columns change places."""

    def __init__(self, table: Table, folder: str, features: list[str]) -> None:
        partitioned = f" PARTITIONED BY ({table.partitions[0]})" if table.partitions else ""
        copy = f"CREATE TABLE delta.`/new/{table.name}` USING delta{partitioned} AS SELECT * FROM delta.`{folder}`"  # noqa: S608
        super().__init__(
            f"table {table.name} uses {', '.join(features)} of Delta, which cannot be read here",
            hint=f"let Spark copy it into a table without and put "
            f"that in its place ({copy}), or delete {folder} and run the step that makes it",
        )


class UnwritableProtocol(SantanderError):
    """A table is to be written by rules that are not kept here; nothing was written."""

    def __init__(self, table: Table, folder: str, rules: list[str]) -> None:
        super().__init__(
            f"table {table.name} has {', '.join(rules)}, set by something else, which no write here keeps; nothing was written",
            hint=f"take it off with Spark (ALTER TABLE delta.`{folder}` …), or delete {folder} and run the step that makes it",
        )


def open_table(
    table: Table, folder: str, version: int | None, options: dict[str, str] | None, address: str | None = None
) -> "DeltaTable":
    """The table in ``folder``, at its latest version or an earlier one; raises UnreadableProtocol.

    ``address`` is how deltalake reaches the folder where it does not by its own path.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        delta = DeltaTable(address or folder, version=version, storage_options=options)
    except DeltaError as error:
        if found := _UNSUPPORTED.search(str(error)):
            raise UnreadableProtocol(table, folder, [found[1] or found[2]]) from None
        raise
    return check_readable(delta, table, folder)


def check_readable(delta: "DeltaTable", table: Table, folder: str) -> "DeltaTable":
    """The table as given, when its rows can be read in every way there is; raises UnreadableProtocol."""
    protocol = delta.protocol()
    asked = set(protocol.reader_features or ())
    if protocol.min_reader_version == 2 and delta.metadata().configuration.get(_MAPPING_MODE, "none") != "none":
        asked.add("columnMapping")  # the one feature of that version, which may be there without being used
    if unknown := sorted(asked - READER_FEATURES):
        raise UnreadableProtocol(table, folder, unknown)
    return delta


def check_writable(delta: "DeltaTable", table: Table, folder: str, *, by_files: bool = False) -> None:
    """Raise UnwritableProtocol for rules that a write of ours would break.

    ``by_files``: the rows lie in files already, so that nothing holds them against constraints.
    """
    protocol, properties = delta.protocol(), delta.metadata().configuration
    rules = sorted(set(protocol.writer_features or ()) - WRITER_FEATURES)
    if protocol.min_writer_version > _LAST_WRITER:
        rules.append(f"writer version {protocol.min_writer_version}")
    rules += [name for name in _REFUSED_PROPERTIES if properties.get(name) == "true"]
    if by_files:
        rules += [name for name in sorted(properties) if name.startswith("delta.constraints.")]
    for field in delta.schema().fields:
        of_column = [key for key in field.metadata if key.startswith(("delta.generat", "delta.identity"))]
        if by_files and "delta.invariants" in field.metadata:
            of_column.append("delta.invariants")
        if by_files and not field.nullable and field.name not in table.key:
            of_column.append("NOT NULL")
        rules += [f"{rule} of column {field.name}" for rule in of_column]
    if rules:
        raise UnwritableProtocol(table, folder, rules)
