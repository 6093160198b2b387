"""What a reason of an offer is called, for people who look at one list. Sentences with a customer's own figures: ``explain``."""

from collections.abc import Mapping

from santander.schema.product_names import Language
from santander.schema.reason_families import ReasonFamily

EN, ES = Language.ENGLISH, Language.SPANISH

_WORDS: Mapping[str, Mapping[Language, str]] = {
    ReasonFamily.GROUP: {EN: "age, segment and activity", ES: "edad, segmento y actividad"},
    ReasonFamily.INCOME: {EN: "household income", ES: "renta del hogar"},
    ReasonFamily.TENURE: {EN: "time as a customer", ES: "antigüedad como cliente"},
    ReasonFamily.CHANNEL: {EN: "channel of joining", ES: "canal de entrada"},
    ReasonFamily.PRODUCTS_HELD: {EN: "number of products held", ES: "número de productos"},
    ReasonFamily.HOLDINGS: {EN: "products held", ES: "productos que tiene"},
    ReasonFamily.CHANGES: {EN: "products opened or given up lately", ES: "productos contratados o cancelados últimamente"},
    ReasonFamily.SEASON: {EN: "the month of the year", ES: "el mes del año"},
    ReasonFamily.PERSON: {EN: "personal circumstances", ES: "circunstancias personales"},
    ReasonFamily.RESIDENCE: {EN: "residence", ES: "residencia"},
}
_SIGNS: Mapping[str, Mapping[Language, str]] = {"+": {EN: "for", ES: "a favor"}, "-": {EN: "against", ES: "en contra"}}


def reason_words(reason: str, language: Language) -> dict[str, str]:
    """Return a reason such as ``+income`` with its words; a family of the user's is called by its name."""
    sign, family = reason[0], reason[1:]
    name = _WORDS[family][language] if family in _WORDS else family.replace("_", " ")
    return {"reason": reason, "text": f"{_SIGNS[sign][language]}: {name}"}
