"""Rules on figures, judged without any table: months beside each other, usual shares, what is excused."""

import pytest

from santander.config.sections import QualitySettings
from santander.config.settings import Settings
from santander.quality.declaration import suite
from santander.quality.rules import Judgement, MonthFigures, Severity
from santander.schema.months import Month

MARCH = Month(2016, 3)


@pytest.fixture
def quality(settings: Settings) -> QualitySettings:
    return settings.quality


def judge(quality: QualitySettings, name: str, figures: MonthFigures) -> Judgement | None:
    (rule,) = [rule for rule in suite(figures.table, quality) if rule.name == name]
    return rule.judge(figures, quality)


def customers(**counts: int) -> MonthFigures:
    return MonthFigures("customers", MARCH, {"rows": 1000} | counts)


def holds(judgement: Judgement | None) -> bool:
    assert judgement is not None
    low_enough = judgement.high is None or judgement.figure <= judgement.high
    return low_enough and (judgement.low is None or judgement.figure >= judgement.low)


@pytest.mark.parametrize(("before", "falls", "rises"), [(1000, False, False), (1112, True, False), (900, False, True)])
def test_rows_are_held_against_the_month_before(quality: QualitySettings, before: int, falls: bool, rises: bool) -> None:
    fall, rise = (judge(quality, name, customers(rows_before=before)) for name in ("rows_fall", "rows_rise"))
    assert (not holds(fall), not holds(rise)) == (falls, rises)
    assert fall is not None
    assert rise is not None
    assert (fall.rule.severity, rise.rule.severity) == (Severity.CRITICAL, Severity.WARNING)
    assert fall.offending == abs(1000 - before)


def test_the_first_month_has_no_month_before(quality: QualitySettings) -> None:
    assert judge(quality, "rows_fall", customers(rows_before=0)) is None


@pytest.mark.parametrize(("known", "good"), [(986, True), (700, True), (600, False), (0, False)])
def test_a_share_of_nulls_is_held_against_the_usual_one(quality: QualitySettings, known: int, good: bool) -> None:
    judgement = judge(quality, "segment_nulls", customers(known_segment=known))
    assert holds(judgement) == good
    assert judgement is not None
    assert good or judgement.offending == 1000 - known


def test_a_column_that_is_never_missing_may_lack_few(quality: QualitySettings) -> None:
    assert holds(judge(quality, "age_nulls", customers(known_age=960)))
    assert not holds(judge(quality, "age_nulls", customers(known_age=940)))


def test_values_where_there_are_none_usually_break_the_share_too(quality: QualitySettings) -> None:
    judgement = judge(quality, "last_primary_on_nulls", customers(known_last_primary_on=400))
    assert not holds(judgement)
    assert judgement is not None
    assert judgement.offending == 400


def test_a_change_against_the_months_before_is_a_warning(quality: QualitySettings) -> None:
    counts = {"rows": 1000, "known_segment": 900}
    calm = MonthFigures("customers", MARCH, counts, {"segment": [0.02, 0.06]})
    jump = MonthFigures("customers", MARCH, counts, {"segment": [0.01, 0.02]})
    assert holds(judge(quality, "segment_nulls_change", calm))
    judgement = judge(quality, "segment_nulls_change", jump)
    assert judgement is not None
    assert not holds(judgement)
    assert judgement.rule.severity is Severity.WARNING
    assert judge(quality, "segment_nulls_change", customers(known_segment=900)) is None


def test_few_rows_say_nothing_of_shares_and_means(quality: QualitySettings) -> None:
    few = MonthFigures("customers", MARCH, {"rows": 499, "known_age": 0, "count_age_mean": 499, "total_age_mean": 0})
    assert judge(quality, "age_nulls", few) is None
    assert judge(quality, "age_mean", few) is None


def test_a_value_that_went_to_quarantine_excuses_the_row_it_left(quality: QualitySettings) -> None:
    counts = {"rows": 1000, "broken_left_has_last_day": 2}
    assert not holds(judge(quality, "left_has_last_day", MonthFigures("customers", MARCH, counts)))
    excused = MonthFigures("customers", MARCH, counts, excused={"last_primary_on": 2, "age": 7})
    assert holds(judge(quality, "left_has_last_day", excused))
    one_more = MonthFigures("customers", MARCH, counts, excused={"last_primary_on": 1})
    assert not holds(judge(quality, "left_has_last_day", one_more))


def test_erased_customers_may_be_missing_from_what_was_ingested(quality: QualitySettings) -> None:
    assert holds(judge(quality, "rows_as_ingested", customers(rows_ingested=1000, customers_erased=0)))
    assert holds(judge(quality, "rows_as_ingested", customers(rows_ingested=1003, customers_erased=3)))
    assert not holds(judge(quality, "rows_as_ingested", customers(rows_ingested=1004, customers_erased=3)))
    assert not holds(judge(quality, "rows_as_ingested", customers(rows_ingested=999, customers_erased=3)))


def test_names_of_rules_and_of_settings_fit_together(quality: QualitySettings) -> None:
    rules = [rule for table in ("customers", "features") for rule in suite(table, quality)]
    for table in ("customers", "features"):
        of_table = [rule.name for rule in suite(table, quality)]
        assert len(of_table) == len(set(of_table))
    names = {rule.name for rule in rules}
    assert set(quality.allowed_shares) <= names
    assert set(quality.distributions) | set(quality.month_before) <= names
    assert {f"{column}_nulls" for column in quality.null_shares} <= names
