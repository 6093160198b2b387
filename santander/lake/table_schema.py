"""The schema of a table on disk against the catalogue's, and the one way to change it (docs/adr/0016).

The catalogue may gain columns, all of which may be null: ``upgrade`` adds them to a table that was made before. Any other
change of a column is another column under another name, or another data folder.
"""

from typing import TYPE_CHECKING

from santander.errors import SantanderError
from santander.schema.catalogue import Table
from santander.schema.products import PRODUCT_NAMES
from santander.schema.types import delta_type, type_name

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from deltalake import Schema as DeltaSchema


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
