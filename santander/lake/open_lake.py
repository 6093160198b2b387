"""The tables of a data folder for asking: each as pandas, Polars, Arrow, DuckDB or Spark has it. Nothing here writes."""

import atexit
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from santander.config.settings import Settings
from santander.errors import InputError, did_you_mean
from santander.lake.family_tables import all_tables
from santander.lake.reading import LakeReader
from santander.schema.catalogue import PARTITION, Table
from santander.schema.months import Month
from santander.schema.products import PRODUCTS
from santander.storage.places import Place

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import pyarrow.dataset as ds
    from duckdb import DuckDBPyConnection, DuckDBPyRelation
    from pyarrow.fs import SubTreeFileSystem
    from pyspark.sql import DataFrame, SparkSession

PRODUCTS_TABLE = "products"
"""What can be asked like a table though it is none: name, bit and mask of each product, to read bitmasks by."""


def open_lake(data_dir: str | None = None) -> "OpenLake":
    """Open the tables below a data folder; without one, that of SANTANDER_DATA_DIR, else ``data``.

    Raises InputError where no table is.
    """
    return OpenLake(Settings.load(data_dir=data_dir))


class OpenLake:
    """The tables of one data folder by the names of the catalogue; each call reads the latest version."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lake = LakeReader(settings)
        self._open = ExitStack()
        if self.tables == [PRODUCTS_TABLE]:
            raise InputError(
                f"{settings.data_dir} holds no tables", hint=f"'santander run --data-dir {settings.data_dir}' makes them"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None") -> None:
        self.close()

    def __repr__(self) -> str:
        return f"tables of {self._settings.data_dir}: {', '.join(self.tables)}"

    @property
    def tables(self) -> list[str]:
        """Names of the tables that are there, and of ``products``."""
        return [*(table.name for table in all_tables(self._lake) if self._lake.exists(table)), PRODUCTS_TABLE]

    def pandas(self, name: str, columns: Sequence[str] | None = None, month: str | None = None) -> "pd.DataFrame":
        """Read a table, or some columns or one month of it, into memory; dates are Timestamps."""
        frame: pd.DataFrame = self.arrow(name, columns, month).to_pandas(date_as_object=False)
        return frame

    def arrow(self, name: str, columns: Sequence[str] | None = None, month: str | None = None) -> "pa.Table":
        """Read a table, or some columns or one month of it, into memory.

        Raises InputError for a table, a column or a month that is not there.
        """
        rows = self.dataset(name)
        if unknown := [column for column in columns or () if column not in rows.schema.names]:
            raise InputError(f"no column {', '.join(unknown)} in {name}", hint=did_you_mean(unknown[0], rows.schema.names))
        return rows.to_table(columns=columns, filter=None if month is None else self._of_month(name, month))

    def dataset(self, name: str) -> "ds.Dataset":
        """Return a table as an Arrow dataset, which reads what is asked of it."""
        import pyarrow.dataset as ds

        if name == PRODUCTS_TABLE:
            return ds.dataset(_products())
        table = self._table(name)
        return self._lake.delta(table).to_pyarrow_dataset(filesystem=_filesystem(self._lake.place / table.name))

    def polars(self, name: str) -> "pl.LazyFrame":
        """Return a table as a LazyFrame of Polars, which ``collect()`` reads; raises InputError where Polars is not installed."""
        try:
            import polars as pl
        except ModuleNotFoundError:
            raise InputError(
                "Polars is not installed here", hint="install the package polars, or ask by pandas, arrow or duckdb"
            ) from None
        return pl.scan_pyarrow_dataset(self.dataset(name))

    def duckdb(self, name: str) -> "DuckDBPyRelation":
        """Return a table as a relation of DuckDB."""
        return self._connection.from_arrow(self.dataset(name))

    def sql(self, query: str) -> "DuckDBPyRelation":
        """Return what a query finds in the tables, asked of DuckDB; ``.df()``, ``.arrow()`` or ``.pl()`` reads it."""
        for name in self.tables:
            self._connection.register(name, self.dataset(name))
        return self._connection.sql(query)

    def spark(self, name: str) -> "DataFrame":
        """Return a table as a DataFrame of the engine that SANTANDER_MASTER names, which the first call starts."""
        if name == PRODUCTS_TABLE:
            return self._session.createDataFrame(_products())
        return LakeReader(self._settings, self._session).read(self._table(name))

    def spark_sql(self, query: str) -> "DataFrame":
        """Return what a query finds in the tables, asked of the engine."""
        for name in self.tables:
            self.spark(name).createOrReplaceTempView(name)
        return self._session.sql(query)

    def close(self) -> None:
        """End what the questions started: the engine and the connection of DuckDB. A process that ends does it by itself."""
        self._open.close()
        for started in ("_session", "_connection"):
            vars(self).pop(started, None)
        atexit.unregister(self.close)

    def _table(self, name: str) -> Table:
        there, table = self.tables, next((table for table in all_tables(self._lake) if table.name == name), None)
        if table is not None and name in there:
            return table
        why = "unknown" if table is None else "not written yet, the step that makes it comes first"
        raise InputError(f"no table '{name}' in {self._settings.lake} ({why})", hint=did_you_mean(name, there))

    def _of_month(self, name: str, month: str) -> "ds.Expression":
        import pyarrow.dataset as ds

        wanted = Month.parse(month)
        if name == PRODUCTS_TABLE or not (table := self._table(name)).monthly:
            raise InputError(f"{name} is not kept by month", hint="leave the month out")
        if wanted not in (there := self._lake.months(table)):
            raise InputError(f"no {wanted} in {name}", hint=f"there are {', '.join(map(str, there)) or 'no months'}")
        return ds.field(PARTITION) == wanted.snapshot

    @cached_property
    def _connection(self) -> "DuckDBPyConnection":
        import duckdb

        connection = duckdb.connect(config={"autoinstall_known_extensions": False})  # nothing is downloaded
        return self._open.enter_context(connection)

    @cached_property
    def _session(self) -> "SparkSession":
        from santander.engine.session import open_session

        atexit.register(self.close)
        return self._open.enter_context(open_session(self._settings))


def _filesystem(folder: Place) -> "SubTreeFileSystem":
    """Return the files of a table through Arrow's own clients.

    That of deltalake calls Python from threads, which go on after a query that has enough rows: the process would crash, or
    hang, when it ends.
    """
    from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

    if isinstance(folder, Path):
        return SubTreeFileSystem(str(folder), LocalFileSystem())
    return SubTreeFileSystem(folder.path, folder.access.filesystem())


def _products() -> "pa.Table":
    import pyarrow as pa

    columns = {"bit": pa.int32(), "mask": pa.int32(), "product": pa.string(), "label": pa.string(), "source": pa.string()}
    rows = [(each.bit, each.mask, each.name, each.label, each.source) for each in PRODUCTS]
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], schema=pa.schema(list(columns.items())))
