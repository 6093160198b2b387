"""The rows of a small table, read in this process without Arrow's Python packages: importing those costs what a verb may last."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deltalake import DeltaTable


def rows_of(delta: "DeltaTable") -> list[dict[str, Any]]:
    """All rows as plain values, in no order that may be relied on; moments are in UTC."""
    from deltalake import QueryBuilder

    found = QueryBuilder().register("t", delta).execute("SELECT * FROM t").read_all()
    names = found.schema.names
    columns = [found.column(i).to_pylist() for i in range(len(names))]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
