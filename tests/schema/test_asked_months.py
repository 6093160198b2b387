"""Options are looked at before anything is made or read: a verb that refuses one leaves no folder behind."""

from pathlib import Path

import pytest

from santander.bank_report.banks import audit_banks
from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.pipeline.run import walk
from santander.schema.months import AskedMonths, Month
from santander.tune.tune import TuneOptions, check_options
from tests.cli.test_command_line import SANTANDER, call, error_line

JANUARY, MARCH, MAY = Month(2015, 1), Month(2015, 3), Month(2015, 5)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"month": "june"}, "'june' is not a month"),
        ({"month": "2015-06", "last": "2015-07"}, "--month stands alone"),
        ({"first": "2015-06", "last": "2015-05"}, "--to lies before --from"),
        ({"month": "2017-01"}, "the bank that would be made there has months 2015-01 to 2016-06, not 2017-01"),
        ({"first": "2016-06", "last": "2016-07"}, "not 2016-07"),
        ({"recipe": "nope"}, "there is no recipe 'nope'"),
        ({"bank_customers": 0}, "a bank of 0 customers is too small .*: give --customers 1000 or more$"),
        ({"bank_customers": 0, "recipe": "popularity"}, "at least 100 customers, not 0"),
        ({"bank_customers": -5, "recipe": "popularity"}, "at least 100 customers, not -5"),
        ({"train": False}, "no champion yet"),
    ],
)
def test_run_refuses_an_option_before_it_makes_a_bank(settings: Settings, options: dict[str, str], complaint: str) -> None:
    with pytest.raises(SantanderError, match=complaint):
        walk(settings, [], **options)  # type: ignore[arg-type]
    assert not Path(settings.data_dir).exists()


@pytest.mark.parametrize("verb", ["score", "validate"])
def test_a_mistyped_month_starts_no_engine(tmp_path: Path, verb: str) -> None:
    (tmp_path / "data").mkdir()
    assert "'june' is not a month" in error_line(call(SANTANDER, verb, "--month", "june", "--data-dir", tmp_path / "data"))
    assert not list((tmp_path / "data").iterdir())


def test_other_verbs_refuse_sizes_and_names_before_they_make_anything(settings: Settings) -> None:
    with pytest.raises(InputError, match="at least 100 customers"):
        audit_banks(settings, 0, None, models=False)
    with pytest.raises(InputError, match="--seed is a number from 0"):
        audit_banks(settings, 200, [-1], models=False)
    with pytest.raises(InputError, match="there is no space 'nope'"):
        check_options(settings, TuneOptions(5, space="nope"))
    with pytest.raises(InputError, match="--save-as a/b"):
        check_options(settings, TuneOptions(5, save_as="a/b"))
    assert not Path(settings.data_dir).exists()


def test_an_open_end_reaches_to_what_is_present_and_a_closed_range_is_taken_whole() -> None:
    present = [JANUARY, MARCH, MAY]
    assert AskedMonths.read(None, None, None).among(present) == present
    assert AskedMonths.read(None, "2015-02", None).among(present) == [MARCH, MAY]
    assert AskedMonths.read(None, "2015-03", "2015-04").among(present) == [MARCH, MARCH + 1]
    assert AskedMonths.read("2016-01", None, None).among([]) == [Month(2016, 1)]
    with pytest.raises(InputError, match="there are no months yet: ingest a landing file first"):
        AskedMonths.read(None, None, "2015-03").among([])
