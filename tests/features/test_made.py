"""One entry and one function for each feature: nothing else is registered, and nothing is built while one lacks the other."""

from typing import Any

import pyarrow as pa
import pytest

from santander.errors import SantanderError
from santander.features.made import Made, require_functions
from santander.features.profile import PROFILE
from santander.features.rows import FAMILIES
from santander.schema.features import CODE, FEATURE_NAMES, FEATURES, Family, Feature


def test_every_declared_feature_is_made_by_one_function_of_its_family() -> None:
    require_functions(FAMILIES)
    made = [feature.name for family in FAMILIES for feature in family.features]
    assert sorted(made) == sorted(FEATURE_NAMES)


def test_a_declared_feature_without_a_function_is_named() -> None:
    lacking = [feature.name for feature in FEATURES if feature.family is Family.PROFILE]
    with pytest.raises(SantanderError, match=rf"makes {', '.join(lacking)}: register one by '\.makes\(\"age\"\)'"):
        require_functions([made for made in FAMILIES if made is not PROFILE])


def test_a_function_for_what_is_not_declared_is_refused() -> None:
    season = Made[int](Family.SEASON)
    for name, said in {
        "shoe_size": r"no declared feature: declare it in santander/schema/features\.py",
        "month_of_yaer": r"no declared feature: did you mean month_of_year\?",
        "age": "declared in the family customer_profile",
    }.items():
        with pytest.raises(ValueError, match=f"a function of the family season makes '{name}', which is {said}"):
            season.makes(name)


def test_a_second_function_for_a_feature_is_refused() -> None:
    season = Made[int](Family.SEASON)
    season.makes("month_of_year")(lambda _: pa.array([1], pa.int8()))
    with pytest.raises(ValueError, match="'month_of_year' is made by another function"):
        season.makes("month_of_year")


@pytest.mark.parametrize("column", ["holdings", "taxes"])
def test_the_products_of_a_month_cannot_be_read_by_what_must_not_know_them(column: str) -> None:
    with pytest.raises(ValueError, match=f"must not be read here: {column}"):
        Made[int](Family.PROFILE).makes("age", reads=["age", column])


@pytest.mark.parametrize("column", ["snapshot_date", "shoe_size"])
def test_a_column_that_the_rows_of_a_month_do_not_have_is_refused(column: str) -> None:
    with pytest.raises(ValueError, match=f"age: the rows of a month have no column {column}"):
        Made[int](Family.PROFILE).makes("age", reads=["age", column])


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (pa.array([6]), r" is declared as tinyint, its function makes bigint: .*, such as array\.cast\(\"int8\"\)"),
        (pa.array([6], pa.uint8()), " is declared as tinyint, its function makes Arrow's uint8"),
        (6, ": its function makes int, which is no Arrow array"),
        ({}, ": its function makes NoneType, which is no Arrow array"),
    ],
)
def test_another_type_than_declared_is_named_as_the_declaration_writes_it(made: Any, message: str) -> None:
    season = Made[int](Family.SEASON)
    season.makes("month_of_year")(lambda _: made)
    with pytest.raises(TypeError, match=f"feature 'month_of_year'{message}"):
        season.arrays(6)


@pytest.mark.parametrize(("type_", "legal"), [("int", None), ("boolean", CODE), ("text", CODE)])
def test_an_entry_without_what_is_made_from_it_is_refused(type_: str, legal: object) -> None:
    with pytest.raises(ValueError, match="feature 'new'"):
        Feature("new", type_, Family.PROFILE, "Something", legal)  # type: ignore[arg-type]


def test_an_entry_of_a_family_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="feature 'new': family 'profile' is none of customer_profile, product_history, season"):
        Feature("new", "boolean", "profile", "Something")  # type: ignore[arg-type]
