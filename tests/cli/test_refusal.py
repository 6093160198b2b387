import json

import pytest

from santander.cli.refusal import Refusal
from santander.errors import InputError, SantanderError, did_you_mean


def test_what_an_error_does_not_say_is_taken_from_the_one_it_came_from() -> None:
    with pytest.raises(SantanderError) as raised:
        _refuse_again()
    refusal = json.loads(Refusal.of(raised.value, {"data_dir": "bank"}).as_json())
    assert refusal["error"] == "nothing is promoted: no features of 2016-05: run 'santander features' (with --data-dir bank)"
    assert refusal["hint"] == "run 'santander features' (with --data-dir bank)"
    assert (refusal["month"], refusal["code"], refusal["file"]) == ("2016-05", 1, None)


def _refuse_again() -> None:
    try:
        _refuse()
    except InputError as error:
        raise SantanderError(f"nothing is promoted: {error}") from None


def _refuse() -> None:
    raise InputError("no features of 2016-05", month="2016-05", hint="run 'santander features'")


def test_a_hint_that_stands_in_the_line_is_not_said_twice() -> None:
    error = InputError("version 3 is gone: 'santander models' lists those there are; nothing was done", hint="'santander models'")
    assert str(error).count("santander models") == 1
    assert error.hint == "'santander models'"


@pytest.mark.parametrize(
    ("given", "hint"), [("next_product", "did you mean next_products?"), ("foo", "there are next_products, popularity")]
)
def test_a_name_that_is_unknown_is_answered_by_the_nearest_or_by_those_there_are(given, hint):
    assert did_you_mean(given, ["next_products", "popularity"]) == hint
