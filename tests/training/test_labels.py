"""Which rows become labels, on frames small enough to read."""

import datetime as dt

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from santander.training.labels import buyers, labels, months_with_products, population

pytestmark = pytest.mark.plan

MARCH, APRIL = dt.date(2016, 3, 28), dt.date(2016, 4, 28)
LABELS = "customer_id bigint, snapshot_date date, added int"
Customer = tuple[int, dt.date, int | None]
Before = tuple[int, dt.date, int | None]


def customers(session: SparkSession, *rows: Customer) -> DataFrame:
    return session.createDataFrame(list(rows), "customer_id bigint, snapshot_date date, holdings int")


def features(session: SparkSession, *rows: Before) -> DataFrame:
    """Feature rows of customers of one kind: (customer, date, holdings of the month before)."""
    kind = (30, 2, True)
    schema = "customer_id bigint, snapshot_date date, holdings_lag_1 int, age smallint, segment tinyint, is_active boolean"
    return session.createDataFrame([(*row, *kind) for row in rows], schema)


def check(found: DataFrame, session: SparkSession, *rows: tuple[int, dt.date, int]) -> None:
    assert_df_equality(found, session.createDataFrame(list(rows), LABELS), ignore_row_order=True, ignore_nullable=True)


def test_an_addition_is_held_now_and_was_not_before(session: SparkSession) -> None:
    found = labels(customers(session, (1, APRIL, 0b1110)), features(session, (1, APRIL, 0b0011)))
    check(found, session, (1, APRIL, 0b1100))


def test_who_adds_nothing_is_labelled_with_nothing(session: SparkSession) -> None:
    found = labels(customers(session, (1, APRIL, 0b01)), features(session, (1, APRIL, 0b11)))
    check(found, session, (1, APRIL, 0))
    assert buyers(found).count() == 0


def test_a_customer_without_a_row_in_the_month_before_has_no_label(session: SparkSession) -> None:
    held = customers(session, (1, APRIL, 0b1), (2, APRIL, 0b1))
    check(labels(held, features(session, (1, APRIL, None), (2, APRIL, 0))), session, (2, APRIL, 0b1))


def test_a_month_without_products_has_no_labels(session: SparkSession) -> None:
    assert labels(customers(session, (1, APRIL, None)), features(session, (1, APRIL, 0b1))).count() == 0


def test_each_month_meets_its_own_features(session: SparkSession) -> None:
    held = customers(session, (1, MARCH, 0b01), (1, APRIL, 0b11))
    found = labels(held, features(session, (1, MARCH, 0b00), (1, APRIL, 0b01)))
    check(found, session, (1, MARCH, 0b01), (1, APRIL, 0b10))


def test_the_population_counts_customers_alike_with_those_who_add_nothing(session: SparkSession) -> None:
    held = customers(session, (1, APRIL, 0b1), (2, APRIL, 0b1), (3, APRIL, 0), (4, APRIL, 0))
    before = features(session, (1, APRIL, 0), (2, APRIL, 0), (3, APRIL, 0), (4, APRIL, None))
    schema = "snapshot_date date, age smallint, segment tinyint, is_active boolean, added int, customers bigint"
    expected = session.createDataFrame([(APRIL, 30, 2, True, 0b1, 2), (APRIL, 30, 2, True, 0, 1)], schema)
    assert_df_equality(population(held, before), expected, ignore_row_order=True, ignore_nullable=True)


def test_months_with_products_are_those_where_any_customer_has_them(session: SparkSession) -> None:
    found = months_with_products(customers(session, (1, MARCH, 0), (2, MARCH, None), (1, APRIL, None)))
    assert_df_equality(found, session.createDataFrame([(MARCH,)], "snapshot_date date"), ignore_nullable=True)
