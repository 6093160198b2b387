"""A recipe with some things changed, each named by a path.

``eta`` is a setting, ``steps.2.parameters.C`` an entry of one (elements of lists are counted from 0), ``months.12`` the weight
of the stretch that begins twelve months back, ``months.12.taxes`` the weight of one product in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from santander.errors import InputError
from santander.training.recipe import MonthsBefore, Recipe

_MONTHS = "months."


@dataclass(frozen=True)
class Variant:
    """A recipe by name, and the values of what varies in it by path."""

    recipe: str
    values: Mapping[str, Any] = field(default_factory=dict)


def variant_of(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with these values; raises InputError for what its kind or a stretch of months refuses."""
    settings = dict(recipe.settings)
    months = recipe.months
    for path, value in values.items():
        if path.startswith(_MONTHS):
            months = _with_weight(months, path, value)
        else:
            settings = _with_setting(settings, path.split("."), value)
    changed = recipe.model_copy(update={"settings": settings, "months": months})
    changed.model_settings  # noqa: B018  (checked here)
    return changed


def value_at(recipe: Recipe, path: str) -> Any:
    """Return the recipe's value at a path, defaults of its kind included; None for an entry that it does not have.

    Raises InputError for an unknown setting or stretch of months.
    """
    if path.startswith(_MONTHS):
        stretch, _, product = _stretch(recipe.months, path)
        return stretch.products.get(product, stretch.weight) if product else stretch.weight
    first, *rest = path.split(".")
    settings: Any = recipe.model_settings
    if first not in type(settings).model_fields:
        raise InputError(
            f"the kind '{recipe.kind}' has no setting '{first}'", hint=f"it has {', '.join(type(settings).model_fields)}"
        )
    value = _plain(getattr(settings, first))
    for key in rest:
        value = value.get(key) if isinstance(value, Mapping) else _item(value, key)
    return value


def _item(value: Any, key: str) -> Any:
    """An element of a list by its place, counted from 0; None where there is none."""
    return value[int(key)] if isinstance(value, list) and key.isdecimal() and int(key) < len(value) else None


def _plain(value: Any) -> Any:
    """Lists and dicts as a file has them."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def _with_setting(settings: Mapping[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    first, *rest = path
    if not rest:
        return {**settings, first: value}
    inner = settings.get(first) or {}
    if isinstance(inner, list) and _item(inner, rest[0]) is not None:
        place = int(rest[0])
        changed = _with_setting({rest[0]: inner[place]}, rest, value)[rest[0]]
        return {**settings, first: [*inner[:place], changed, *inner[place + 1 :]]}
    if not isinstance(inner, Mapping):
        raise InputError(f"'{'.'.join(path)}' cannot vary: '{first}' has no such entry")
    return {**settings, first: _with_setting(inner, rest, value)}


def _with_weight(months: tuple[MonthsBefore, ...], path: str, value: Any) -> tuple[MonthsBefore, ...]:
    stretch, place, product = _stretch(months, path)
    changed = {"products": {**stretch.products, product: value}} if product else {"weight": value}
    try:
        new = MonthsBefore.model_validate({**stretch.model_dump(), **changed})
    except ValidationError as error:
        raise InputError(f"{path}: {error.errors()[0]['msg']}") from None
    return (*months[:place], new, *months[place + 1 :])


def _stretch(months: tuple[MonthsBefore, ...], path: str) -> tuple[MonthsBefore, int, str]:
    """The stretch a path names, its place, and the product, which may be empty."""
    first, _, product = path.removeprefix(_MONTHS).partition(".")
    places = [place for place, stretch in enumerate(months) if str(stretch.first) == first]
    if len(places) != 1:
        there = ", ".join(str(stretch.first) for stretch in months)
        raise InputError(f"'{path}' must name one stretch by the month back that it begins with", hint=f"there are {there}")
    return months[places[0]], places[0], product
