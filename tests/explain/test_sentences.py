"""Sentences: a customer's own figures with their units, in both languages, and no code of a feature."""

import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from santander.explain.sentences import Sentences
from santander.features.expansion import ColumnPlan
from santander.schema.column_groups import ColumnGroup
from santander.schema.own_family import Entity, OwnFamily
from santander.schema.own_family import Language as Code
from santander.schema.product_names import Language, called
from santander.schema.products import PRODUCT_NAMES, PRODUCTS
from santander.schema.reason_families import REASON_OF, ReasonFamily
from santander.schema.reason_texts import TEXTS

EN, ES = Language.ENGLISH, Language.SPANISH
PAYROLL, TAXES = (PRODUCTS[PRODUCT_NAMES.index(name)].mask for name in ("payroll_account", "taxes"))
SOMEBODY: dict[str, Any] = {
    "age": 45, "segment": 1, "is_active": True, "household_income": 87_218.1, "income_imputed": False, "seniority_months": 111,
    "is_new": False, "channel": int("KHE", 36), "country": int("ES", 36), "province_code": 15, "is_woman": True,
    "employment_status": int("N", 36), "relation_kind": 1, "left_during_month": False, "is_resident": True,
    "is_foreign_born": False, "is_deceased": False, "products_held": 3, "additions": 1, "closures": 0, "month_of_year": 6,
    **{f"holdings_lag_{lag}": mask for lag, mask in enumerate((PAYROLL | TAXES, PAYROLL, PAYROLL, PAYROLL, 0), start=1)},
}  # fmt: skip
EVERY_COLUMN = ColumnPlan(tuple(ColumnGroup)).names


def told(column: str, language: Language = EN, **changed: Any) -> str:
    """The sentence of the reason that a column leads."""
    reason = REASON_OF.get(column, ReasonFamily.HOLDINGS)
    return Sentences({**SOMEBODY, **changed}, language, {}).of(reason, [column])


@pytest.mark.parametrize(
    ("column", "english", "spanish"),
    [
        ("age", "45 years old, top customer, active", "45 años, cliente top, activo"),
        ("household_income", "household income of 87,218 euros a year", "renta del hogar de 87.218 euros al año"),
        ("seniority_months", "customer for 9 years and 3 months", "cliente desde hace 9 años y 3 meses"),
        ("channel", "came to the bank through channel KHE", "llegó al banco por el canal KHE"),
        ("products_held", "held 3 products the month before", "tenía 3 productos el mes anterior"),
        ("held_lately.payroll_account", "held a payroll account in 4 of 5 months", "tuvo una cuenta nómina en 4 de 5 meses"),
        ("lag_1_bits.taxes", "opened tax payments the month before", "contrató pago de impuestos el mes anterior"),
        ("months_held.loan", "did not hold a loan in 5 months", "no tuvo un préstamo en 5 meses"),
        (
            "closures",
            "in the months before opened 1 product and gave up no product",
            "en los meses anteriores contrató 1 producto y canceló ningún producto",
        ),
        ("season_sine", "the month is June", "el mes es junio"),
        ("province_code", "lives in A Coruña", "vive en A Coruña"),
        ("country", "country of residence: ES", "país de residencia: ES"),
        ("employment_status", "does not work for the bank", "no es empleado del banco"),
        ("relation_kind", "main holder", "titular principal"),
    ],
)
def test_a_reason_is_told_by_the_customers_own_figures(column: str, english: str, spanish: str) -> None:
    assert told(column) == english
    assert told(column, ES) == spanish


def test_a_product_that_was_given_up_is_told_with_when_it_was_last_held() -> None:
    gone = {f"holdings_lag_{lag}": mask for lag, mask in enumerate((0, 0, TAXES, TAXES, None), start=1)}
    assert told("held_lately.taxes", **gone) == "held tax payments in 2 of 4 months, most recently 3 months before"


def test_an_income_that_is_not_the_customers_is_said_to_be_none() -> None:
    assert told("income_imputed", income_imputed=True).startswith("income not known; 87,218 euros a year are usual where")


def test_a_channel_keeps_the_zeros_it_begins_with() -> None:
    assert told("channel", channel=int("004", 36)).endswith("channel 004")


@pytest.mark.parametrize("language", [EN, ES])
@pytest.mark.parametrize("row", [SOMEBODY, dict.fromkeys(SOMEBODY)], ids=["known", "nothing known"])
def test_every_column_of_every_group_has_a_sentence(row: dict[str, Any], language: Language) -> None:
    sentences = Sentences({**row, "month_of_year": 6}, language, {})
    for column in EVERY_COLUMN:
        text = sentences.of(REASON_OF.get(column, ReasonFamily.HOLDINGS), [column])
        assert not re.search(r"_|\{|None|nan", text), f"{column}: {text}"


def test_every_text_is_there_in_both_languages_with_the_same_figures() -> None:
    for name, texts in TEXTS.items():
        fields = [{field for _, field, _, _ in Formatter().parse(text) if field} for text in (texts[EN], texts[ES])]
        assert fields[0] == fields[1], name


def test_every_product_has_a_name_of_its_own_in_both_languages() -> None:
    for language in (EN, ES):
        assert len({called(product, language) for product in PRODUCTS}) == len(PRODUCTS)


def own(**texts: str | None) -> OwnFamily:
    return OwnFamily("last_moves", Entity.CUSTOMER, 5, "How it moved", (), Code.SQL, "", Path("x.sql"), **texts)


def test_a_users_family_takes_its_sentence_from_its_header_else_its_meaning() -> None:
    row = {"moves": 2, "share": 0.0125, "known": None}
    written = own(reason="{moves} moves, {share} of all, {known}", reason_es="{moves} cambios, {share} de todos")
    assert Sentences(row, EN, {"last_moves": written}).of("last_moves", ["moves"]) == "2 moves, 0.0125 of all, not known"
    assert Sentences(row, ES, {"last_moves": written}).of("last_moves", ["moves"]) == "2 cambios, 0,0125 de todos"
    assert Sentences(row, EN, {"last_moves": own()}).of("last_moves", ["moves"]) == "How it moved"


def test_a_family_whose_file_is_gone_is_told_by_the_name_of_its_feature() -> None:
    assert Sentences({"months_away": 3}, EN, {}).of("gone", ["months_away"]) == "months away: 3"
