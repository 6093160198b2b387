"""Rules on what rows have to do with each other: keys, months, ingestions, lags. Each break is made in a small lake."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from santander.config.settings import Settings
from santander.errors import InputError
from santander.features.build import build_features
from santander.lake.lake import Lake
from santander.quality.figures import lags_off
from santander.quality.validation import validate
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, INGESTIONS
from santander.schema.months import Month
from santander.schema.products import PRODUCTS
from tests.quality.rows import CURRENT_ACCOUNT, MAY, customer, frame_of, without_products

APRIL = MAY - 1
PAYROLL, PENSION = (next(p.mask for p in PRODUCTS if p.name == name) for name in ("payroll", "pension_deposit"))
IDS = range(1, 31)


def put(lake: Lake, rows: Sequence[dict[str, Any]]) -> None:
    """Replace the months of the rows of ``customers``."""
    months = {Month.of(row["snapshot_date"]) for row in rows}
    counts = {month: sum(row["snapshot_date"] == month.snapshot for row in rows) for month in months}
    lake.replace_months(CUSTOMERS, frame_of(lake.session, CUSTOMERS, rows), counts)


def broken(settings: Settings, lake: Lake, month: Month = MAY) -> dict[str, int]:
    """Critical rules that the month breaks, with their offending counts."""
    return {result.rule: result.offending for result in validate(settings, lake, [month]).critical}


def marker(month: Month, ingestion_id: str = "a", *, minute: int = 0, **changes: Any) -> dict[str, Any]:
    row = {
        "ingestion_id": ingestion_id, "file": "a.csv", "file_sha256": "0", "month": str(month), "has_products": True,
        "read": len(IDS), "kept": len(IDS), "quarantined_rows": 0, "rows_with_quarantined_values": 0,
        "ingested_at": dt.datetime(2016, 6, 1, 12, minute, tzinfo=dt.UTC), "mode": "replace", "inserted": len(IDS),
    }  # fmt: skip
    return row | changes


def test_months_of_one_row_and_tables_of_one_row_a_file_have_a_verdict(settings: Settings, lake: Lake) -> None:
    put(lake, [customer(1)])
    build_features(lake, [MAY], months_per_commit=1)
    assert broken(settings, lake) == {}
    put(lake, [customer(1, APRIL)])
    put(lake, [customer(1), customer(1)])
    build_features(lake, [APRIL], months_per_commit=1)
    assert validate(settings, lake, [APRIL]).critical == []
    assert broken(settings, lake)["key_unique"] == 1


@pytest.mark.embedded
def test_two_rows_of_a_customer_and_a_month_that_lost_rows(settings: Settings, lake: Lake) -> None:
    put(lake, [customer(i, APRIL) for i in IDS] + [customer(i) for i in IDS])
    assert broken(settings, lake) == {}
    put(lake, [customer(i) for i in (*IDS[:20], 7, 7)])
    assert broken(settings, lake) == {"key_unique": 2, "rows_fall": 8}


@pytest.mark.plan
def test_whoever_has_payroll_added_holds_a_pension_deposit(settings: Settings, lake: Lake) -> None:
    april = [customer(i, APRIL) for i in IDS] + [customer(31, APRIL, held=PAYROLL | PENSION)]
    may = [customer(i) for i in IDS[2:]] + [
        customer(1, held=PAYROLL | PENSION),  # added with it
        customer(2, held=CURRENT_ACCOUNT),
        customer(31, held=PAYROLL),  # had payroll before
        customer(32, held=PAYROLL),  # no row in the month before: nothing was added
    ]
    put(lake, april + may)
    assert broken(settings, lake) == {}
    put(lake, [row if row["customer_id"] != 2 else customer(2, held=PAYROLL) for row in may])
    assert broken(settings, lake) == {"payroll_with_pension": 1}


@pytest.mark.embedded
def test_holdings_are_known_in_all_rows_or_in_none(settings: Settings, lake: Lake) -> None:
    put(lake, [without_products(customer(i)) for i in IDS])
    assert broken(settings, lake) == {}
    put(lake, [customer(1), *(without_products(customer(i)) for i in IDS[1:])])
    assert broken(settings, lake) == {"holdings_delivered": 29}
    put(lake, [without_products(customer(i)) for i in IDS])
    lake.append_rows(INGESTIONS, [marker(MAY)])
    assert broken(settings, lake) == {"holdings_delivered": 30}


@pytest.mark.embedded
def test_rows_are_those_the_ingestions_kept(settings: Settings, lake: Lake) -> None:
    put(lake, [customer(i) for i in IDS])
    lake.append_rows(INGESTIONS, [marker(MAY, read=99, kept=99), marker(MAY, "b", minute=1)])
    assert broken(settings, lake) == {}
    merged = marker(MAY, "c", minute=2, mode="merge", read=3, kept=3, inserted=2)
    lake.append_rows(INGESTIONS, [merged])
    assert broken(settings, lake) == {"rows_as_ingested": 2}
    put(lake, [customer(i) for i in (*IDS, 31, 32)])
    assert broken(settings, lake) == {}
    lake.append_rows(INGESTIONS, [merged | {"ingestion_id": "d", "inserted": 0, "read": 4}])
    assert broken(settings, lake) == {"ingestions_add_up": 1}


@pytest.mark.plan
def test_features_are_held_against_the_customers_they_are_made_from(settings: Settings, lake: Lake) -> None:
    march = [customer(i, MAY - 2, held=0) for i in IDS[1:]]
    put(lake, [*march, *(customer(i, APRIL, held=i) for i in IDS), *(customer(i) for i in IDS)])
    build_features(lake, [MAY], months_per_commit=1)
    assert broken(settings, lake) == {}

    changes = {
        "holdings_lag_2": "CASE customer_id WHEN 3 THEN 5 WHEN 1 THEN 0 ELSE holdings_lag_2 END",
        "age": "IF(customer_id = 3, age + 1, age)",
        "segment": "IF(customer_id = 3, NULL, segment)",
        "province_code": "IF(customer_id = 2, NULL, province_code)",
        "is_active": "IF(customer_id = 2, NOT is_active, is_active)",
        "seniority_months": "IF(customer_id = 2, seniority_months + 2, seniority_months)",
    }
    rows = lake.read_months(FEATURES_TABLE, [MAY]).toArrow().to_pylist()
    changed = [f"CAST({changes.get(name, name)} AS {type_}) AS {name}" for name, type_ in FEATURES_TABLE.columns]
    frame = frame_of(lake.session, FEATURES_TABLE, rows).selectExpr(*changed)
    lake.replace_months(FEATURES_TABLE, frame, {MAY: len(rows)})
    put(lake, [customer(i) for i in (*IDS, 31)])
    assert broken(settings, lake) == {
        "rows_as_customers": 1, "holdings_lag_2_as_held": 2, "months_known_counted": 1,
        # the 31st customer of May has no features: 26 years and 24 months less, one province and segment less
        "age_as_in_customers": 25, "seniority_months_as_in_customers": 22,
        "segment_as_in_customers": 2, "province_code_as_in_customers": 2, "is_active_as_in_customers": 1,
    }  # fmt: skip


@pytest.mark.embedded
def test_a_sample_of_lags_has_the_same_customers_in_every_month(settings: Settings, lake: Lake) -> None:
    put(lake, [customer(i, month, held=i) for month in (APRIL, MAY) for i in IDS])
    build_features(lake, [MAY], months_per_commit=1)
    rows = lake.rows_by_month(CUSTOMERS)
    found = lags_off(lake, [MAY], rows, 5, sample_rows=10)[MAY]
    assert found == {"lags_sampled": 10} | {f"broken_holdings_lag_{lag}_as_held": 0 for lag in range(1, 6)}


def test_a_month_without_customers_cannot_be_validated(settings: Settings, lake: Lake) -> None:
    with pytest.raises(InputError, match="no customers for 2016-05"):
        validate(settings, lake, [MAY])
