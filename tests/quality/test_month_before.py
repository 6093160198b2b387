"""A month held against the month before: the same customers, and of them what stays with a person."""

import datetime as dt
from typing import Any

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.quality.report import CriticalRuleBroken
from santander.quality.validation import validate
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month
from tests.quality.rows import MAY, customer
from tests.quality.test_figures import APRIL, broken, put

IDS = range(1, 121)
OTHERS = range(1001, 1121)


def person(customer_id: int, month: Month = MAY, **changes: Any) -> dict[str, Any]:
    """A customer of the month with what stays with a person, the same in every month."""
    same = {"sex": "H", "joined_on": dt.date(2010, 1, 2), "country": "ES", "seniority_months": None}
    return customer(customer_id, month, **same | changes)


@pytest.mark.plan
def test_a_month_of_other_people_breaks_two_rules_that_name_the_shares(settings: Settings, lake: Lake) -> None:
    put(lake, [person(i, APRIL) for i in IDS] + [person(i) for i in (1, 2, 3, *OTHERS[3:])])
    report = validate(settings, lake, [APRIL, MAY])
    assert [(str(r.month), r.rule, r.offending, r.checked) for r in report.critical] == [
        ("2016-05", "seen_again", 117, 120),
        ("2016-05", "without_history", 117, 120),
    ]
    assert "2.50% of the 120 customers of 2016-04 seen again, expected at least 90%" in str(report.complaint)
    assert "97.50% of 120 customers who are not new have no row in 2016-04, expected at most 40%" in str(report.complaint)


def test_customers_who_are_new_or_may_be_need_no_history(settings: Settings, lake: Lake) -> None:
    unknown = [person(i, is_new=None) for i in OTHERS[60:]]
    put(lake, [person(i, APRIL) for i in IDS] + [person(i) for i in IDS])
    put(lake, [*(person(i) for i in IDS), *(person(i, is_new=True) for i in OTHERS[:60]), *unknown])
    assert broken(settings, lake) == {}
    put(lake, [*(person(i) for i in IDS), *(person(i) for i in OTHERS)])
    assert broken(settings, lake) == {"without_history": 120}


@pytest.mark.embedded
def test_months_without_a_month_before_and_small_months_are_not_held_against_one(settings: Settings, lake: Lake) -> None:
    put(lake, [person(i, APRIL - 1) for i in IDS] + [person(i) for i in OTHERS])
    assert broken(settings, lake, APRIL - 1) == broken(settings, lake) == {}
    put(lake, [person(i, APRIL) for i in IDS[:99]] + [person(i) for i in OTHERS[:99]])
    assert broken(settings, lake) == {}


@pytest.mark.parametrize(
    ("column", "other"),
    [("sex", "V"), ("joined_on", dt.date(2010, 1, 3)), ("country", "FR")],
    ids=["sex", "joined_on", "country"],
)
def test_what_stays_with_a_person_may_be_unknown_but_not_change_for_many(
    settings: Settings, lake: Lake, column: str, other: Any
) -> None:
    put(lake, [person(i, APRIL, **({column: None} if i % 10 == 0 else {})) for i in IDS])

    def may(changed: int) -> list[dict[str, Any]]:
        unknown, turned = {column: None}, {column: other}
        return [person(i, **(turned if i <= changed else unknown if i > 118 else {})) for i in IDS]

    put(lake, may(2))
    assert broken(settings, lake) == {}
    put(lake, may(5))
    assert broken(settings, lake) == {f"{column}_changes": 5}


@pytest.mark.embedded
def test_a_month_is_due_again_when_the_month_before_was_corrected(settings: Settings, lake: Lake, session: SparkSession) -> None:
    steps = Steps(settings, session)
    put(lake, [person(i, APRIL) for i in IDS] + [person(i) for i in IDS])
    assert steps.validate(CUSTOMERS, [APRIL, MAY]).done == [APRIL, MAY]
    assert steps.validate(CUSTOMERS, [APRIL, MAY]).done == []
    put(lake, [person(i, APRIL) for i in OTHERS])
    for _ in range(2):
        with pytest.raises(CriticalRuleBroken, match=r"2016-05 customers\.seen_again: 120 offending of 120 \(0\.00% of the 120"):
            steps.validate(CUSTOMERS, [APRIL, MAY])
    put(lake, [person(i, APRIL) for i in IDS])
    assert steps.validate(CUSTOMERS, [APRIL, MAY]).done == [APRIL, MAY]
