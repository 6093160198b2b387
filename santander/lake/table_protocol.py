"""What the Delta protocol of a table asks of who reads or writes it, against what all our readers and writers honour.

Rows are read in four ways - by the engine, by deltalake's queries, by deltalake through Arrow, and file by file in tasks and in
the audit - and written in three. A feature counts as honoured where every one of them does (docs/adr/0037).
"""

import re
from typing import TYPE_CHECKING

from santander.errors import SantanderError
from santander.schema.catalogue import PARTITION, Table

if TYPE_CHECKING:
    from deltalake import DeltaTable

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
        partitioned = f" PARTITIONED BY ({PARTITION})" if table.monthly else ""
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
