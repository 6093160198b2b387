"""What people call the products, in English and Spanish: the one place of these names.

It stands apart from ``products.py``, which decides how landing files are read.
"""

from collections.abc import Mapping
from enum import StrEnum

from santander.schema.products import Product


class Language(StrEnum):
    """What people are told in."""

    ENGLISH = "en"
    SPANISH = "es"


_SOME: Mapping[str, Mapping[Language, str]] = {
    "saving_account": {Language.ENGLISH: "a savings account", Language.SPANISH: "una cuenta de ahorro"},
    "guarantee": {Language.ENGLISH: "a guarantee", Language.SPANISH: "un aval"},
    "current_account": {Language.ENGLISH: "a current account", Language.SPANISH: "una cuenta corriente"},
    "derivatives_account": {Language.ENGLISH: "a derivatives account", Language.SPANISH: "una cuenta de derivados"},
    "payroll_account": {Language.ENGLISH: "a payroll account", Language.SPANISH: "una cuenta nómina"},
    "junior_account": {Language.ENGLISH: "a junior account", Language.SPANISH: "una cuenta junior"},
    "mas_particular_account": {Language.ENGLISH: "a Más Particular account", Language.SPANISH: "una cuenta Más Particular"},
    "particular_account": {Language.ENGLISH: "a Particular account", Language.SPANISH: "una cuenta Particular"},
    "particular_plus_account": {Language.ENGLISH: "a Particular Plus account", Language.SPANISH: "una cuenta Particular Plus"},
    "short_term_deposit": {Language.ENGLISH: "a short-term deposit", Language.SPANISH: "un depósito a corto plazo"},
    "medium_term_deposit": {Language.ENGLISH: "a medium-term deposit", Language.SPANISH: "un depósito a medio plazo"},
    "long_term_deposit": {Language.ENGLISH: "a long-term deposit", Language.SPANISH: "un depósito a largo plazo"},
    "e_account": {Language.ENGLISH: "an e-account", Language.SPANISH: "una cuenta electrónica"},
    "funds": {Language.ENGLISH: "investment funds", Language.SPANISH: "fondos de inversión"},
    "mortgage": {Language.ENGLISH: "a mortgage", Language.SPANISH: "una hipoteca"},
    "pension_plan": {Language.ENGLISH: "a pension plan", Language.SPANISH: "un plan de pensiones"},
    "loan": {Language.ENGLISH: "a loan", Language.SPANISH: "un préstamo"},
    "taxes": {Language.ENGLISH: "tax payments", Language.SPANISH: "pago de impuestos"},
    "credit_card": {Language.ENGLISH: "a credit card", Language.SPANISH: "una tarjeta de crédito"},
    "securities": {Language.ENGLISH: "securities", Language.SPANISH: "valores"},
    "home_account": {Language.ENGLISH: "a home account", Language.SPANISH: "una cuenta vivienda"},
    "payroll": {Language.ENGLISH: "a payroll deposit", Language.SPANISH: "una nómina domiciliada"},
    "pension_deposit": {Language.ENGLISH: "a pension deposit", Language.SPANISH: "una pensión domiciliada"},
    "direct_debit": {Language.ENGLISH: "a direct debit", Language.SPANISH: "recibos domiciliados"},
}
_ARTICLES = ("an ", "a ", "una ", "un ")


def some(product: Product, language: Language) -> str:
    """Return a product as it stands in a sentence, with its article where it has one."""
    return _SOME[product.name][language]


def called(product: Product, language: Language) -> str:
    """Return the name of a product."""
    text = some(product, language)
    return text.removeprefix(next((article for article in _ARTICLES if text.startswith(article)), ""))
