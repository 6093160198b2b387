"""Scratch copies of a lake with some customers, as they are and altered, and a family's code pointed at one of them.

A family that reads the lake by a path, and not its views, reads the copy then: what it makes shows which one.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.lake.lake import Lake
from santander.lake.reading import LakeReader
from santander.schema.catalogue import ADDITIONS, CUSTOMERS, FEATURES_TABLE, PARTITION
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES
from santander.schema.types import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

_TABLES = (CUSTOMERS, FEATURES_TABLE, ADDITIONS)
_AROUND = 2
"""Months after the one that is checked, and at least before it, that a copy holds."""
_READERS = (
    ("builtins", "open"), ("duckdb", "query"), ("duckdb", "read_parquet"), ("duckdb", "sql"), ("pandas", "read_csv"),
    ("pandas", "read_parquet"), ("pyarrow.dataset", "dataset"), ("pyarrow.parquet", "read_table"),
)  # fmt: skip
"""Functions by which a module may read files without the engine."""
_READING = ("load", "parquet", "csv", "json", "orc", "text", "table", "option", "options", "sql")


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of some customers around a month, by table."""

    month: Month
    tables: "dict[str, pa.Table]"

    @classmethod
    def of(cls, lake: LakeReader, month: Month, months: int, customers: int) -> "Sample":
        """Take so many customers of the month, with the months that its history holds and those after it."""
        from pyspark.sql import functions as F

        of_month = lake.read_months(CUSTOMERS, [month]).select("customer_id")
        id_ = F.col("customer_id")  # once there is a session
        chosen = of_month.orderBy(F.crc32(id_.cast("string").cast("binary")), id_).limit(customers).toArrow()
        ids = chosen["customer_id"].to_pylist()
        around = [month + lag for lag in range(-max(months, _AROUND), _AROUND + 1)]
        tables = {}
        for table in _TABLES:
            if lake.exists(table):
                rows = lake.read_months(table, around).where(id_.isin(ids)).toArrow()
                tables[table.name] = rows.select([name for name, _ in table.columns]).cast(arrow_schema(table.columns))
        return cls(month, tables)

    @property
    def altered(self) -> "Sample":
        """The same with other products in the month, and everything otherwise in the months after it."""
        changes = {CUSTOMERS.name: _other_customers, FEATURES_TABLE.name: _other_features, ADDITIONS.name: _other_additions}
        return Sample(self.month, {name: changes[name](rows, self.month) for name, rows in self.tables.items()})

    def write(self, lake: LakeReader, folder: Path) -> None:
        """Write the tables below a data folder, as those of ``lake`` are."""
        copy = Lake(lake.settings.model_copy(update={"data_dir": str(folder), "state_dir": None}))
        for table in _TABLES:
            if table.name in self.tables:
                copy.append_rows(table, self.tables[table.name].to_pylist())


def _split(rows: "pa.Table", month: Month) -> "tuple[pa.Table, pa.Table, pa.Table]":
    import pyarrow.compute as pc

    date = rows[PARTITION]
    return tuple(rows.filter(condition(date, month.snapshot)) for condition in (pc.less, pc.equal, pc.greater))


def _other_customers(rows: "pa.Table", month: Month) -> "pa.Table":
    import pyarrow as pa

    before, now, after = _split(rows, month)
    return pa.concat_tables([before, _opposite(now), _opposite(_exchanged(after, ("customer_id", PARTITION)))])


def _other_features(rows: "pa.Table", month: Month) -> "pa.Table":
    import pyarrow as pa

    before, now, after = _split(rows, month)
    return pa.concat_tables([before, now, _exchanged(after, ("customer_id", PARTITION))])


def _other_additions(rows: "pa.Table", month: Month) -> "pa.Table":
    """Return what was added before the month."""
    before, _, _ = _split(rows, month)
    return before


def _opposite(rows: "pa.Table") -> "pa.Table":
    """Everyone holds exactly what they did not; where it is not known, everything."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in PRODUCT_NAMES:
        rows = _with(rows, name, pc.invert(pc.fill_null(rows[name], False)))
    whole = pa.scalar((1 << N_PRODUCTS) - 1, pa.int32())
    return _with(rows, "holdings", pc.bit_wise_xor(pc.fill_null(rows["holdings"], 0), whole))


def _exchanged(rows: "pa.Table", key: Sequence[str]) -> "pa.Table":
    """Every row has the values of another one, and every third row is gone."""
    import numpy as np

    shifted = np.roll(np.arange(rows.num_rows), 1)
    for name in rows.column_names:
        if name not in key:
            rows = _with(rows, name, rows[name].combine_chunks().take(shifted))
    return rows.take(np.flatnonzero(np.arange(rows.num_rows) % 3))


def _with(rows: "pa.Table", name: str, values: Any) -> "pa.Table":
    return rows.set_column(rows.column_names.index(name), rows.schema.field(name), values)


class Pointer:
    """Turns paths of a data folder into those of a copy."""

    def __init__(self, lake: LakeReader, root: Path) -> None:
        """Point at a copy below ``root``, where it lies as the data folder lies below the current folder."""
        data, here = lake.settings.data, Path.cwd()
        self.root = root
        self._moves = isinstance(data, Path) and data.absolute().is_relative_to(here)
        below = data.absolute().relative_to(here) if self._moves and isinstance(data, Path) else Path("data")
        self.data = root / below
        spelled = {str(data), str(lake.settings.data_dir)}
        if isinstance(data, Path):
            spelled |= {str(data.absolute()), str(data.resolve())}
        if self._moves:
            spelled |= {str(below), f"./{below}"}
        names = "|".join(re.escape(name) for name in sorted(spelled, key=len, reverse=True))
        self._named = re.compile(rf"(?<![\w./-])(?:file:(?://)?)?(?:{names})(?=[/`'\"\s]|$)")

    def __call__(self, text: str) -> str:
        """Return a text with the copy in place of the data folder; a name without a slash may be of anything and stays."""
        return text if "/" not in text else self._named.sub(str(self.data), text)

    @contextmanager
    def surroundings(self, lake: LakeReader) -> Iterator[None]:
        """Point environment, current folder and readers at the copy, until left."""
        from deltalake import DeltaTable

        session = lake.session
        with ExitStack() as stack:
            for variable, value in (("SANTANDER_DATA_DIR", self.data), ("SANTANDER_STATE_DIR", self.data / "state")):
                stack.callback(_restore, variable, os.environ.get(variable))
                os.environ[variable] = str(value)
            if self._moves:
                stack.callback(os.chdir, Path.cwd())
                os.chdir(self.root)
            for owner in (type(session), type(session.read)):
                for name in _READING:
                    self._wrap(stack, owner, name)
            self._wrap(stack, DeltaTable, "__init__")
            for module, name in _READERS:
                self._wrap(stack, import_module(module), name)
            yield

    def _wrap(self, stack: ExitStack, owner: Any, name: str) -> None:
        if (method := getattr(owner, name, None)) is None:
            return
        own = name in vars(owner)
        setattr(owner, name, self._pointed(method))
        stack.callback(setattr, owner, name, method) if own else stack.callback(delattr, owner, name)

    def _pointed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*args: Any, **options: Any) -> Any:
            return method(*map(self._argument, args), **{name: self._argument(value) for name, value in options.items()})

        return call

    def _argument(self, value: Any) -> Any:
        if isinstance(value, Path):
            return Path(self(str(value)))
        if isinstance(value, list | tuple):
            return [self._argument(each) for each in value]
        return self(value) if isinstance(value, str) else value


def _restore(variable: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = value
