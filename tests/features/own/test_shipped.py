"""The families that ship as examples say what they declare: held against loops over the rows of the bank, on both engines."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from santander.config.family_files import is_users_own, own_families, own_family
from santander.features.own.contents import check_rows
from santander.features.own.declared import check_columns, rows_of_month
from santander.features.own.running import result_of
from santander.features.own.views import views_of
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.months import Month
from santander.schema.own_family import Entity, Language, OwnFamily
from santander.schema.products import PRODUCT_NAMES
from tests.conftest import Bank

MONTH = Month(2016, 5)
ACCOUNTS = (
    "saving_account", "current_account", "payroll_account", "junior_account", "mas_particular_account", "particular_account",
    "particular_plus_account", "e_account", "home_account",
)  # fmt: skip
GROUPS = {
    "account": ACCOUNTS,
    "savings": ("short_term_deposit", "medium_term_deposit", "long_term_deposit", "funds", "pension_plan", "securities"),
    "credit": ("mortgage", "loan", "credit_card", "guarantee"),
    "income": ("payroll", "pension_deposit", "direct_debit"),
}
Row = dict[str, Any]
Table = dict[int, Row]
Rows = dict[int, Table]
"""Rows of each customer, by how many months before the month they lie."""
WITH_GAPS = "(customer_id + 3 * months_before) % 11 <> 0"
"""Rows of the history that are left: nearly everyone was away for a month, as few are in the bank."""


@pytest.fixture(scope="module")
def rows(bank: Bank) -> Rows:
    found: Rows = {}
    for lag in range(13):
        for row in bank.lake.read_months(CUSTOMERS, [MONTH - lag]).toArrow().to_pylist():
            if lag == 0 or (row["customer_id"] + 3 * lag) % 11:
                found.setdefault(row["customer_id"], {})[lag] = row
    return found


def steps(of_customer: Table, first: int, last: int) -> Iterator[tuple[int, Row, Row]]:
    """Each month from ``first`` to ``last`` months before that has a row beside the month before it: lag, before, after."""
    for later, earlier in pairwise(range(last, first + 1)):
        if later in of_customer and earlier in of_customer:
            yield later, of_customer[earlier], of_customer[later]


def recent_changes(rows: Rows) -> Table:
    def one(of: Table) -> Row:
        moves = [(before, after) for _, before, after in steps(of, 5, 0)]
        active = [(before["is_active"], after["is_active"]) for before, after in moves]
        relations = [{before["relation_type"], after["relation_type"]} for before, after in moves]
        return {
            "activations": active.count((False, True)),
            "lapses": active.count((True, False)),
            "relation_changes": sum(len(both) == 2 and None not in both for both in relations),
            "inactive_months": sum(of[lag]["is_active"] is False for lag in range(6) if lag in of),
        }

    return {customer: one(of) for customer, of in rows.items() if 0 in of}


def last_moves(rows: Rows) -> Table:
    def one(of: Table) -> Row:
        added = {
            group: [lag for lag, before, after in steps(of, 12, 1) if any(after[p] and not before[p] for p in products)]
            for group, products in GROUPS.items()
        }
        held = {
            group: [lag for lag in range(1, 13) if lag in of and any(of[lag][p] for p in products)]
            for group, products in GROUPS.items()
            if group != "account"
        }
        count = sum(bool(after[p] and not before[p]) for _, before, after in steps(of, 12, 1) for p in PRODUCT_NAMES)
        found = {f"since_added_{group}": min(lags, default=None) for group, lags in added.items()}
        # of who was there for one month alone nothing can be said
        found["additions_in_year"] = count if any(steps(of, 12, 1)) else None
        return found | {f"since_held_{group}": min(lags, default=None) for group, lags in held.items()}

    return {customer: one(of) for customer, of in rows.items() if 0 in of}


def province_demand(rows: Rows) -> Table:
    found: Table = {}
    products = [f.name.removeprefix("province_added_") for f in own_family("province_demand").features]
    moves = [(before, after) for of in rows.values() for _, before, after in steps(of, 4, 1)]
    for province in {of[0]["province_code"] for of in rows.values() if 0 in of} - {None}:
        here = [(before, after) for before, after in moves if after["province_code"] == province]
        n = {product: sum(after[product] is True and before[product] is False for before, after in here) for product in products}
        found[province] = {f"province_added_{p}": round(n[p] / len(here), 6) if here else None for p in products}
    return found


@pytest.mark.plan
@pytest.mark.parametrize("expected", [recent_changes, last_moves, province_demand])
def test_a_shipped_family_says_what_it_declares(bank: Bank, rows: Rows, expected: Callable[[Rows], Table]) -> None:
    family = own_family(expected.__name__)
    assert made(bank, family) == expected(rows)


def made(bank: Bank, family: OwnFamily) -> Table:
    """The rows of the family's table in the month, by entity; doubles are ratios of whole numbers, rounded."""
    views = views_of(bank.lake, MONTH, family.months)
    views = replace(views, history=views.history.where(WITH_GAPS))
    with result_of(family, views, bank.lake.session) as result:
        table = rows_of_month(family, MONTH, views.customers, check_columns(family, MONTH, result)).cache()
        counts = check_rows(family, table)
        found = table.drop(PARTITION).toArrow().to_pylist()
        table.unpersist()
    assert counts == {MONTH: len(found)}
    for feature in family.features:
        assert len({row[feature.name] for row in found}) > 1, f"{feature.name} says the same of everyone"
    return {row.pop(family.entity.value): row for row in found}


def test_the_examples_show_both_languages_and_reasons_in_two_of_them() -> None:
    shipped = [family for family in own_families() if not is_users_own(family)]
    assert {family.language for family in shipped} == set(Language)
    assert {family.entity for family in shipped} == {Entity.CUSTOMER, Entity.PROVINCE}
    assert all(family.reason and family.reason_es for family in shipped)
