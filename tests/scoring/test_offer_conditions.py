"""Conditions of rules: what each engine makes of one row of the month, and what is refused before any is asked."""

import re
from pathlib import Path

import pytest

from santander.config.offer_rules import OfferRule, Place, offer_rules
from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.months import Month
from santander.scoring.offer_conditions import RULES_MET, refuse_wrong_conditions, with_rules_met

JUNE = Month(2016, 6)


def rule(where: str, name: str = "mine") -> OfferRule:
    return OfferRule(name, where, 1, "", "", Place(Path("offers.yaml"), 3))


@pytest.mark.plan
@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("agee < 18", "unknown column 'agee': did you mean age?"),
        ("age", "'where' makes smallint, and a condition is true or false: compare it, as in age < 18"),
        ("NULL", "'where' makes nothing, and a condition is true or false"),
        ("age <", "cannot read this SQL"),
        ("aged(age)", "knows no function 'aged': it must run on sail and on Apache Spark alike"),
        ("segment = 1", "CAST_INVALID_INPUT|Cannot cast string"),
        ("avg(age) > 3", "an aggregate looks at other rows: a condition sees one customer's row of the month"),
        ("loan", "unknown column 'loan': products of the month are not known when it is scored"),
        ("holdings > 0", "unknown column 'holdings': products of the month are not known"),
        ("customer_id IN (SELECT 1)", "'SELECT' looks at other rows"),
        (
            "joined_on > current_date()",
            "current_date gives other values on another run or day: the month itself is snapshot_date",
        ),
    ],
)
def test_a_condition_that_is_none_is_refused_by_file_line_and_rule(lake: Lake, where: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        refuse_wrong_conditions(lake, [rule("age < 18", "first"), rule(where)])
    assert str(refused.value).startswith("offers.yaml, line 3: rule 'mine': ")
    assert re.search(told, str(refused.value)) or told in str(refused.value), str(refused.value)


@pytest.mark.plan
def test_the_rules_that_ship_and_words_in_texts_and_comments_pass(lake: Lake, settings: Settings) -> None:
    refuse_wrong_conditions(lake, [*offer_rules(settings), rule("province = 'SELECT OVER rand()' -- never over\n")])


@pytest.mark.plan
def test_a_rule_is_met_where_it_is_true_and_not_where_it_is_null(lake: Lake) -> None:
    rows = [(1, 17, "01 - TOP"), (2, None, None), (3, 40, "01 - TOP")]
    lake.append_rows(
        CUSTOMERS, [{"customer_id": c, "snapshot_date": JUNE.snapshot, "age": age, "segment": s} for c, age, s in rows]
    )
    lake.append_rows(
        FEATURES_TABLE, [{"customer_id": c, "snapshot_date": JUNE.snapshot, "owned": c, "segment": 1} for c in (1, 3)]
    )
    young, unknown = rule("age < 18 -- a comment ends with its line"), rule("age IS NULL")
    # a name that both tables have is that of customers; owned is of features
    held, top = rule("owned & 2 <> 0"), rule("segment = '01 - TOP'")
    frame = with_rules_met(lake, JUNE, [young, unknown, held, top])
    assert {row["customer_id"]: row[RULES_MET] for row in frame.collect()} == {1: 0b1001, 2: 0b0010, 3: 0b1100}


def test_without_rules_nobody_meets_any(lake: Lake) -> None:
    lake.append_rows(CUSTOMERS, [{"customer_id": 1, "snapshot_date": JUNE.snapshot}])
    assert [row[RULES_MET] for row in with_rules_met(lake, JUNE, []).collect()] == [0]
