"""Rows of ``customers`` and ``features`` that keep every rule, to be changed where a test wants them broken."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from santander.schema.catalogue import Table
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES, PRODUCTS
from santander.schema.types import arrow_schema

MAY = Month(2016, 5)
CURRENT_ACCOUNT = PRODUCTS[2].mask


def customer(customer_id: int, month: Month = MAY, *, held: int = CURRENT_ACCOUNT, **changes: Any) -> dict[str, Any]:
    """A customer of the month, who joined two years before."""
    row = {
        "snapshot_date": month.snapshot, "customer_id": customer_id, "employment_status": "N", "country": "ES", "sex": "H",
        "age": 25 + customer_id % 30, "joined_on": (month - 24).snapshot, "is_new": False, "seniority_months": 24,
        "primary_status": 1, "last_primary_on": None, "relation_kind": "1", "relation_type": "A", "is_resident": True,
        "is_foreign_born": False, "is_employee_spouse": None, "channel": "007", "is_deceased": False, "address_type": 1,
        "province_code": 29, "province": "MALAGA", "is_active": customer_id % 2 == 0, "household_income": 120_000.0,
        "segment": "02 - PARTICULARES" if customer_id % 3 else "03 - UNIVERSITARIO",
    }  # fmt: skip
    row |= {"sex": "H" if customer_id % 2 else "V"}
    flags = {product.name: bool(held & product.mask) for product in PRODUCTS}
    return row | flags | {"holdings": held} | changes


def without_products(row: dict[str, Any]) -> dict[str, Any]:
    """The same customer in a month delivered without products."""
    return row | dict.fromkeys((*PRODUCT_NAMES, "holdings"))


def feature_row(customer_id: int, month: Month = MAY, **changes: Any) -> dict[str, Any]:
    """The features of a customer who held a current account in the two months before, added in the later."""
    row = {
        "customer_id": customer_id, "snapshot_date": month.snapshot, "age": 30, "is_woman": True, "seniority_months": 24,
        "is_new": False, "is_active": True, "segment": 2, "employment_status": 23, "channel": 7, "country": 532,
        "province_code": 29, "relation_type": 10, "relation_kind": 1, "left_during_month": False, "is_resident": True,
        "is_foreign_born": False, "is_deceased": False, "household_income": 120_000.0, "income_imputed": False,
        "holdings_lag_1": 4, "holdings_lag_2": 0, "holdings_lag_3": None, "holdings_lag_4": None, "holdings_lag_5": None,
        "owned": 4, "months_known": 2, "products_held": 1, "additions": 1, "closures": 0, "continuations": 0,
        "months_since_added_bit_0": 4, "months_since_added_bit_1": 0, "months_since_added_bit_2": 0,
        "relation_type_last": 10, "was_active": True,
        "month_of_year": month.number, "season_sine": 0.866025, "season_cosine": -0.5,
    }  # fmt: skip
    return row | changes


def frame_of(session: SparkSession, table: Table, rows: Sequence[dict[str, Any]], *more: tuple[str, str]) -> DataFrame:
    """The rows as a frame with the columns of the table, and ``more`` columns of name and type."""
    return session.createDataFrame(pa.Table.from_pylist(list(rows), schema=arrow_schema([*table.columns, *more])))


def days_after(month: Month, days: int) -> dt.date:
    return month.snapshot + dt.timedelta(days=days)
