"""The tables of offers of a month in DuckDB, which holds no more than it may and puts the rest into files."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from santander.config.machine import cores
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, OFFER_EXCLUSIONS, OFFERS, PARTITION
from santander.schema.months import Month, in_spans

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def month_with_offers(lake: Lake, named: str | None) -> Month:
    """Return the month that is named, else the last one with offers; raises InputError where it has none."""
    there = lake.months(OFFERS)
    month = Month.parse(named) if named else (there[-1] if there else None)
    if month in there and month is not None:
        return month
    if not lake.settings.offers.with_lists:
        hint = "set offers.with_lists to true, then 'santander run'"
    elif month is None:
        hint = "'santander run' makes them"
    elif month in lake.months(CUSTOMERS):
        hint = f"run 'santander score --month {month}' first (those there are: {in_spans(there)})"
    else:
        hint = f"there are no customers of it; months with offers: {in_spans(there)}"
    raise InputError(f"no offers for {month}" if month else "no month has offers yet", month=month, hint=hint)


@contextmanager
def opened(lake: Lake, month: Month) -> Iterator["DuckDBPyConnection"]:
    """Return a connection with the rows of a month as ``offers``, ``offer_exclusions`` and ``customers``."""
    import duckdb

    with TemporaryDirectory(prefix="santander-offers-") as spilled:
        settings: dict[str, Any] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": f"{lake.settings.offers.memory}B",
            "temp_directory": spilled,
            "threads": cores(),
        }
        with duckdb.connect(config=settings) as connection:
            # what it would hand to Arrow compares texts in a form that Arrow's filters do not know
            connection.execute("SET disabled_optimizers = 'filter_pushdown,join_filter_pushdown'")
            for table in (OFFERS, OFFER_EXCLUSIONS, CUSTOMERS):
                if lake.exists(table):
                    rows = lake.delta(table).to_pyarrow_dataset(file_pruning_predicate=[(PARTITION, "=", str(month.snapshot))])
                    connection.register(table.name, rows)
            yield connection
