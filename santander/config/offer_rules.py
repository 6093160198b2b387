"""The rules of what may be offered to whom, from the section ``offers`` of conf: checked as far as that needs no engine."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from santander.config.conf_files import conf_layers
from santander.config.settings import Settings
from santander.errors import InputError, did_you_mean
from santander.schema.products import N_PRODUCTS, PRODUCTS

OBJECTION = "objection"
"""The name under which an objection to marketing keeps every product from a customer; no rule may be called so."""
EVERYTHING = (1 << N_PRODUCTS) - 1
MOST_RULES = 62
"""As many as a whole number of 64 bits has room for, a bit each."""
_KEYS = ("where", "products", "sentence", "sentence_es")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MASKS = {product.name: product.mask for product in PRODUCTS}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule is declared."""

    file: Path | None
    line: int | None

    def refused(self, rule: str, what: str, hint: str, **about: Any) -> InputError:
        """Return the refusal of a rule."""
        where = "the setting offers.rules" if self.file is None else f"{self.file}, line {self.line}"
        return InputError(f"{where}: rule '{rule}': {what}", file=self.file, line=self.line, hint=hint, **about)


@dataclass(frozen=True, slots=True)
class OfferRule:
    """One rule: products that are kept from the customers who meet a condition."""

    name: str
    where: str
    """A condition in SQL over one customer's row."""
    products: int
    """As a bitmask."""
    sentence: str
    sentence_es: str
    place: Place

    @property
    def ships(self) -> bool:
        """Whether the rule stands as it ships with the code."""
        return self.place.file is not None and self.place.file.parent == conf_layers()[1]


def offer_rules(settings: Settings) -> tuple[OfferRule, ...]:
    """Return the rules in force, in the order of their declaration.

    Raises InputError, which names file, line and rule, for the first that is not what it must be, and for a name given twice.
    """
    places = _places()
    rules = []
    for name, declared in settings.offers.rules.items():
        here = places.get(name, [Place(None, None)])
        if declared is not None:
            rules.append(_rule(name, declared, here[-1]))
        elif len(here) == 1:
            hint = did_you_mean(name, [other for other in places if other != name])
            raise here[0].refused(name, "is switched off, and there is no such rule", hint, example=name)
    if len(rules) > MOST_RULES:
        last = rules[-1]
        raise last.place.refused(last.name, f"it is one of {len(rules)} rules", f"join some by OR: {MOST_RULES} at most")
    return tuple(rules)


def rules_print(rules: Sequence[OfferRule]) -> list[tuple[str, str, int]]:
    """Return what of the rules decides the tables of offers; the sentences do not."""
    return [(rule.name, rule.where, rule.products) for rule in rules]


def _rule(name: str, declared: Mapping[str, Any], place: Place) -> OfferRule:
    if not _NAME.fullmatch(name) or name == OBJECTION:
        why = "is taken: objections have it" if name == OBJECTION else "may have small letters, digits and _ only, 40 at most"
        raise place.refused(name, f"the name {why}", "choose another name", example=name)
    if unknown := next((key for key in declared if key not in _KEYS), None):
        raise place.refused(name, f"unknown key '{unknown}'", did_you_mean(unknown, _KEYS), example=unknown)
    where, sentence, sentence_es = (_text(name, key, declared.get(key), place) for key in _REMEDIES)
    return OfferRule(name, where, _products(name, declared.get("products"), place), sentence, sentence_es, place)


_REMEDIES = {
    "where": 'write a condition in SQL, such as where: "age < 18"',
    "sentence": "say in English why the products are not offered",
    "sentence_es": "say in Spanish why the products are not offered",
}


def _text(rule: str, key: str, declared: object, place: Place) -> str:
    if isinstance(declared, str) and declared.strip():
        return declared.strip()
    what = f"'{key}' is missing" if declared is None else f"'{key}' is {declared!r} and no text"
    raise place.refused(rule, what, _REMEDIES[key])


def _products(rule: str, declared: object, place: Place) -> int:
    if declared == "all":
        return EVERYTHING
    if not isinstance(declared, list) or not declared:
        raise place.refused(rule, "'products' names no product", "write products: all, or products: [loan, mortgage]")
    mask = 0
    for product in declared:
        if product not in _MASKS:
            hint = did_you_mean(str(product), _MASKS)
            raise place.refused(rule, f"unknown product '{product}'", hint, example=str(product))
        mask |= _MASKS[product]
    return mask


def _places() -> dict[str, list[Place]]:
    """Return where each rule is declared: in conf/base first, then in the user's own files."""
    found: dict[str, list[Place]] = {}
    for layer in reversed(conf_layers()):
        for file in sorted(layer.glob("*.yaml")):
            for name, line in _declared(file):
                found.setdefault(name, []).append(Place(file, line))
    return found


def _declared(file: Path) -> Iterator[tuple[str, int]]:
    """Names of the rules of a file with their lines; raises InputError for a name, or a key of a rule, that stands twice."""
    rules = _below(_below(yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader), "offers"), "rules")
    seen: set[str] = set()
    for name, rule in _entries(rules):
        place = Place(file, name.start_mark.line + 1)
        if name.value in seen:
            raise place.refused(name.value, "the name stands twice", "rename one of the two, or take it out", example=name.value)
        seen.add(name.value)
        keys = [key.value for key, _ in _entries(rule)]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise place.refused(name.value, f"'{twice}' stands twice", "leave one", example=twice)
        yield name.value, name.start_mark.line + 1


def _entries(node: Any) -> list[tuple[Any, Any]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _below(node: Any, name: str) -> Any:
    return next((value for key, value in _entries(node) if key.value == name), None)
