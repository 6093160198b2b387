"""What a caller asks for: the parameters of a list, in an address or a body, read strictly."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from santander.schema.product_names import Language
from santander.serving.http.refusals import Refusal, RefusedRequest, wrong

LONGEST_LIST = 7
LONGEST_ID = 18
"""Digits of a customer's number: it fits 64 bits."""
LISTS = ("recommendations", "offers")
PARAMETERS = ("top", "list", "lang", "fallback")
_UNKNOWN_PARAMETER = f"unknown parameter: there are {', '.join(PARAMETERS)}, each at most once"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which list, how much of it, in what language, and what is wanted for a customer whom nobody knows."""

    top: int = LONGEST_LIST
    offers: bool = False
    language: Language = Language.ENGLISH
    popularity: bool = False


@lru_cache(maxsize=1024)
def asked_in_query(query: bytes) -> Asked | Refusal:
    """Return what the query of an address asks for, or why it cannot be."""
    if not query:
        return Asked()
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=8, errors="strict")
    except ValueError:
        return wrong("the query of the address cannot be read")
    values: dict[str, object] = dict(pairs)
    if len(values) != len(pairs):
        return wrong(_UNKNOWN_PARAMETER)
    if isinstance(top := values.get("top"), str) and top.isascii() and top.isdecimal() and len(top) == 1:
        values["top"] = int(top)
    return asked(values)


def asked(values: Mapping[str, object]) -> Asked | Refusal:
    """Return what these parameters ask for, or why they cannot be."""
    if not values.keys() <= set(PARAMETERS):
        return wrong(_UNKNOWN_PARAMETER)
    top, named = values.get("top", LONGEST_LIST), values.get("list", LISTS[0])
    language, fallback = values.get("lang", Language.ENGLISH), values.get("fallback", "none")
    if isinstance(language, str):
        language = language.lower()  # as tags of languages are compared
    if type(top) is not int or not 1 <= top <= LONGEST_LIST:
        return wrong(f"top: a whole number from 1 to {LONGEST_LIST}")
    if named not in LISTS:
        return wrong(f"list: {' or '.join(LISTS)}")
    if language not in list(Language):
        return wrong(f"lang: {' or '.join(Language)}")
    if fallback not in ("none", "popularity"):
        return wrong("fallback: none or popularity")
    return Asked(top, named == LISTS[1], Language(str(language)), fallback == "popularity")


def customer_in_path(text: str) -> int:
    """Return the number of a customer; raises RefusedRequest."""
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID):
        raise RefusedRequest(wrong(f"customer_id: a whole number of at most {LONGEST_ID} digits"))
    return int(text)


def customers_in_body(body: Mapping[str, object], most: int) -> tuple[list[int], Asked]:
    """Return customers and parameters of a body ``{"customer_ids": [...], "top": ...}``; raises RefusedRequest."""
    ids = body.get("customer_ids")
    if not isinstance(ids, list) or not 1 <= len(ids) <= most:
        raise RefusedRequest(wrong(f"customer_ids: a list of 1 to {most:,} customers' numbers"))
    if any(type(each) is not int or not 0 <= each < 10**LONGEST_ID for each in ids):
        raise RefusedRequest(wrong(f"customer_ids: whole numbers of at most {LONGEST_ID} digits"))
    wanted = asked({name: value for name, value in body.items() if name != "customer_ids"})
    if isinstance(wanted, Refusal):
        raise RefusedRequest(wanted)
    return ids, wanted
