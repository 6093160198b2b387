"""Which function makes which feature. A feature is declared once (``schema/features.py``) and made by one function of its family.

A family is made from one source, so no function can see what its family must not know: ``profile.py`` from rows of the month
itself without products, ``history.py`` from the products of the months before, ``month_before.py`` from other columns of the
month right before, ``season.py`` from the calendar.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

import pyarrow as pa

from santander.errors import SantanderError, did_you_mean, nearest
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.features import FEATURES, Family, Feature
from santander.schema.products import PRODUCT_NAMES
from santander.schema.types import arrow_type, type_name

S = TypeVar("S")
Make = Callable[[S], pa.Array | Mapping[str, pa.Array]]
"""Makes one feature, or several that come out of one computation, for some customers; null where a feature is not known."""

_STORED = {name for name, _ in CUSTOMERS.columns} - {PARTITION}
_DECLARED = {feature.name: feature for feature in FEATURES}
_TYPES = {feature.name: arrow_type(feature.type) for feature in FEATURES}


class Made(Generic[S]):
    """The functions of a family that are made from a source ``S``."""

    def __init__(self, family: Family, *, products: bool = False) -> None:
        """``products``: whether the functions may read which products a customer holds."""
        self._family, self._products = family, products
        self._functions: dict[tuple[str, ...], Make[S]] = {}
        self._reads: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.reads: tuple[str, ...] = ()
        """The columns of ``customers`` that the functions read."""

    @property
    def features(self) -> list[Feature]:
        """The features made."""
        return [_DECLARED[name] for names in self._functions for name in names]

    def makes(self, *names: str, reads: Collection[str] = ()) -> Callable[[Make[S]], Make[S]]:
        """Register the function below as the one that makes these features from the columns ``reads`` of ``customers``.

        For one name it returns the array, for several a mapping by name. Raises ValueError for a name that the family does not
        declare or that another function makes, and for columns that the family must not read.
        """
        for name in names:
            feature = _DECLARED.get(name)
            if feature is None or feature.family is not self._family:
                hint = did_you_mean(name, _DECLARED) if nearest(name, _DECLARED) else "declare it in santander/schema/features.py"
                where = f"declared in the family {feature.family}" if feature else f"no declared feature: {hint}"
                raise ValueError(f"a function of the family {self._family} makes '{name}', which is {where}")
            if feature in self.features:
                raise ValueError(f"feature '{name}' is made by another function already")
        if unknown := sorted({*reads} - _STORED):
            raise ValueError(
                f"{', '.join(names)}: the rows of a month have no column {', '.join(unknown)} "
                "(their month is known without one): 'reads' names columns of customers"
            )
        if not self._products and (seen := {*reads} & {*PRODUCT_NAMES, "holdings"}):
            raise ValueError(f"{', '.join(names)}: what a customer holds must not be read here: {', '.join(sorted(seen))}")

        def register(function: Make[S]) -> Make[S]:
            self._functions[names] = function
            self._reads[names] = tuple(reads)
            self.reads = tuple(dict.fromkeys((*self.reads, *reads)))
            return function

        return register

    def arrays(self, source: S) -> dict[str, pa.Array]:
        """Every feature by name; raises TypeError for a function that makes something else than is declared."""
        return self._all(self._functions, source)

    def by_reads(self) -> Mapping[tuple[str, ...], "Callable[[S], dict[str, pa.Array]]"]:
        """Return functions that make the same arrays, apart by the columns of ``customers`` that each reads."""
        parts: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for names, reads in self._reads.items():
            parts.setdefault(reads, []).append(names)
        return {reads: partial(self._all, made) for reads, made in parts.items()}

    def _all(self, made: Collection[tuple[str, ...]], source: S) -> dict[str, pa.Array]:
        return {name: array for names in made for name, array in self._arrays(names, source).items()}

    def _arrays(self, names: tuple[str, ...], source: S) -> dict[str, pa.Array]:
        made = self._functions[names](source)
        found = made if isinstance(made, Mapping) else {names[0]: made}
        for name in names:
            if (type_ := getattr(found.get(name), "type", None)) != _TYPES[name]:
                _refuse_type(_DECLARED[name], found.get(name), type_)
        return {**found}


def _refuse_type(feature: Feature, made: object, found: pa.DataType | None) -> NoReturn:
    declared = _TYPES[feature.name]
    if found is None:
        raise TypeError(f"feature '{feature.name}': its function makes {type(made).__name__}, which is no Arrow array")
    raise TypeError(
        f"feature '{feature.name}' is declared as {feature.type}, its function makes {type_name(found)}: "
        f'let it return an array of Arrow\'s {declared}, such as array.cast("{declared}")'
    )


def require_functions(made: Collection[Made[Any]]) -> None:
    """Raise SantanderError for a declared feature that no function makes."""
    there = {feature.name for each in made for feature in each.features}
    if lacking := [name for name in _DECLARED if name not in there]:
        raise SantanderError(
            f"no function in santander/features makes {', '.join(lacking)}", hint=f"register one by '.makes(\"{lacking[0]}\")'"
        )
