"""What ``score`` says of the additions that are expected."""

from santander.cli.verbs.score import ScoredMonth, ScorePayload, lines_of
from santander.ledger.steps import ScoreResult
from santander.schema.months import Month
from santander.schema.records import plain
from santander.scoring.expected import Expected, ExpectedOfMonth

JUNE = Month(2016, 6)
RESULT = ScoreResult(JUNE, 20_000, 139_000, 2, "run")
FIRST = "2016-06: 20,000 customers, 139,000 recommendations by model version 2"
PRODUCTS = {
    "credit_card": Expected(1210.4, 800, 1900, None, 1200.0, 1300.0),
    "taxes": Expected(55.5, 20, 140, None, 30.0, None),
    "loan": Expected(0.42, 0, 2, None, 0.0, None),
    "funds": Expected(0.1, 0, 2, None, 0.0, None),
}


def scored(*, seen: int | None = None, year_before: float | None = 1450.0) -> ScoredMonth:
    total = Expected(1266.4, 900, 1800, seen, 1230.0, year_before)
    return ScoredMonth(RESULT, ExpectedOfMonth(total, PRODUCTS))


def test_the_total_stands_beside_naive_forecasts_and_the_three_products_expected_most() -> None:
    assert list(lines_of(JUNE, scored())) == [
        FIRST,
        "  additions expected: 1,266 (900 to 1,800); 1,230 at the rate of last month; 1,450 at the rate of 2015-06",
        "  most of them: credit_card 1,210 (800 to 1,900), taxes 56 (20 to 140), loan 0.4 (0 to 2)",
    ]


def test_what_is_not_known_is_left_out_and_what_was_seen_stands_last() -> None:
    assert list(lines_of(JUNE, scored(seen=1301, year_before=None)))[1] == (
        "  additions expected: 1,266 (900 to 1,800); 1,230 at the rate of last month; seen 1,301"
    )
    assert list(lines_of(JUNE, ScoredMonth(RESULT, None))) == [FIRST]


def test_json_has_all_of_it_for_the_last_month_and_for_each() -> None:
    written = plain(ScorePayload(scored(), {JUNE: scored()}))
    assert written["model_version"] == 2
    assert written["expected_additions"]["total"]["expected"] == 1266.4
    assert list(written["expected_additions"]["products"]) == list(PRODUCTS)
    assert written["months"]["2016-06"]["expected_additions"] == written["expected_additions"]
    assert written["months"]["2016-06"]["rows"] == 139_000
