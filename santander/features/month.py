"""The rows of ``features`` of one month, made in a task from the files of the month and of the five before it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from santander.arrow import arrow_schema
from santander.bank.months import Month
from santander.features.customer_files import CustomerFiles
from santander.features.history import LAGS, UNKNOWN, history
from santander.features.income import INCOME_READ, MonthIncomes
from santander.features.month_before import Ids, MonthBefore
from santander.features.profile import PROFILE_READ, profile
from santander.tables import FEATURES_TABLE

_READ = tuple(dict.fromkeys(("customer_id", *PROFILE_READ, *INCOME_READ)))


@dataclass(frozen=True, slots=True)
class MonthWork:
    """One month to build: its files, and those of each month before, by how many months it lies back."""

    month: Month
    files: CustomerFiles
    before: dict[int, CustomerFiles]


def feature_rows(work: MonthWork) -> Iterator[pa.RecordBatch]:
    """The rows of the month in pieces, with the columns of the table ``features``.

    The five months before are held whole, as ids and bitmasks; the month itself goes by in pieces, so memory grows slowly
    with its rows.
    """
    schema = arrow_schema(FEATURES_TABLE.columns)
    incomes = MonthIncomes.of(work.files.read(INCOME_READ))
    months = {lag: MonthBefore.read(files, is_last=lag == 1) for lag, files in work.before.items()}
    for rows in work.files.pieces(_READ):
        columns = {
            "customer_id": rows.column("customer_id").combine_chunks(),
            **profile(rows),
            **incomes.features(rows),
            **_looking_back(months, rows.column("customer_id").to_numpy()),
            **season(work.month, rows.num_rows),
        }
        yield pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _looking_back(months: dict[int, MonthBefore], customers: Ids) -> dict[str, pa.Array]:
    unknown = np.full(len(customers), UNKNOWN, np.int32)
    positions = {lag: month.positions(customers) for lag, month in months.items()}
    lags = [months[lag].holdings(positions[lag]) if lag in months else unknown for lag in LAGS]
    if 1 in months:
        last = months[1].last(positions[1])
    else:
        last = {"relation_type_last": pa.nulls(len(customers), pa.int32()), "was_active": pa.nulls(len(customers), pa.bool_())}
    return {**history(lags), **last}


def season(month: Month, n_rows: int) -> dict[str, pa.Array]:
    """The partition's date and the season family: constants of a month, rounded so that no machine's sine matters."""
    angle = 2 * math.pi * (month.number - 1) / 12
    constants = {
        "snapshot_date": pa.scalar(month.snapshot, pa.date32()),
        "month_of_year": pa.scalar(month.number, pa.int8()),
        "season_sine": pa.scalar(round(math.sin(angle), 6)),
        "season_cosine": pa.scalar(round(math.cos(angle), 6)),
    }
    return {name: pa.repeat(constant, n_rows) for name, constant in constants.items()}
