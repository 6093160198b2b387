"""The lists of a month at a glance."""

from collections import Counter, defaultdict

from santander.lake.lake import Lake
from santander.schema.catalogue import RECOMMENDATIONS
from santander.schema.months import Month
from santander.scoring.month_lists import SHOWN, lists_of_month
from tests.conftest import Bank


def test_they_are_those_of_the_table(scored_bank: Bank) -> None:
    lake, month = Lake(scored_bank.settings), Month(2016, 6)
    of_customer: dict[int, dict[int, str]] = defaultdict(dict)
    for row in lake.rows(RECOMMENDATIONS):
        of_customer[row["customer_id"]][row["rank"]] = row["product"]
    in_lists = Counter(product for ranked in of_customer.values() for product in ranked.values())
    first_in = Counter(ranked[1] for ranked in of_customer.values())

    found = lists_of_month(lake, month)

    assert found is not None
    assert found.lists == len(of_customer)
    assert [each.lists for each in found.products] == [n for _, n in in_lists.most_common(SHOWN)]
    assert {each.product: (each.lists, each.first) for each in found.products}.items() <= {
        product: (n, first_in[product]) for product, n in in_lists.items()
    }.items()
    assert found.customers == {
        customer: [of_customer[customer][rank] for rank in sorted(of_customer[customer])]
        for customer in sorted(of_customer)[:SHOWN]
    }


def test_a_month_without_any_has_none(scored_bank: Bank) -> None:
    assert lists_of_month(Lake(scored_bank.settings), Month(2015, 6)) is None
