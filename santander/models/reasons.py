"""Reasons: what speaks for or against a product for a customer, by families of features.

What is explained is the logarithm of how many of a product the customer is expected to add (models/rate.py), and a part of the
margin that the model ranks by. A reason is what a family of features adds to it, less what the family adds on average for those
who may add the product. So reasons and the mean of the product sum to what is explained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.expansion import Features, bits_of, integers, product_figure
from santander.models.contributions import GROUP, Contributions, Numbers
from santander.models.family_columns import Families
from santander.models.recommender import Recommender
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES
from santander.schema.reason_families import REASON_OF, ReasonFamily

AT_A_TIME = 4_096
"""Rows that are explained together: their contributions take 60 MB. No setting."""
OF_MARGIN = 0.25
"""How much of the margin is explained beside what is expected. It knows what is likelier than what for the same customer, and the
most reasons agree with a known truth at this part of it (docs/adr/0062)."""


class RateOfAdding(Protocol):
    """The logarithm of how many of each product a customer is expected to add."""

    def contributions(self, features: Features) -> Contributions:
        """Return what each column adds to it."""


def explained(model: Recommender, rate: RateOfAdding | None, features: Features) -> Contributions | None:
    """Return what each column adds to what is explained, which stands in ``margins``; None for a kind that cannot tell."""
    found = model.contributions(features)
    if found is None or rate is None:
        return found
    return Contributions.sum([found.weighted(OF_MARGIN), rate.contributions(features)])


class ReasonSums:
    """Sums over the columns of a family: which family a column of a product speaks for, its value tells."""

    def __init__(self, columns: Sequence[str], families: Families) -> None:
        own = {feature: family for family, facts in families.items() for feature in facts.features}
        self._of_column = [own.get(column) or _of_column(column) for column in columns]
        plain = dict.fromkeys(str(reason) for reason in self._of_column if reason is not None)
        self.names = tuple(dict.fromkeys([*plain, ReasonFamily.HOLDINGS.value, ReasonFamily.CHANGES.value]))
        self._figures = [product_figure(column) for column in columns]

    def of(self, found: Contributions, product: int, rows: npt.NDArray[np.intp] | slice = slice(None)) -> Numbers:
        """Return what each family adds for a product (families x rows)."""
        added, values = found.added[product][:, rows], found.values[:, rows]
        sums = np.zeros((len(self.names), added.shape[1]), dtype=np.float32)
        for column in range(len(added)):
            for reason, part in self.split(column, product, values[column], added[column]):
                sums[self.names.index(reason)] += part
        return sums

    def split(self, column: int, product: int, values: Numbers, added: Numbers) -> list[tuple[str, Numbers]]:
        """Return the families that a column speaks for, with what it adds to each."""
        figure = self._figures[column]
        if figure is None:
            return [(str(self._of_column[column]), added)]
        if figure.bit == product:  # it is not held now: whether it was is what there is to tell
            return [(ReasonFamily.CHANGES, added)]
        changed = np.isin(values, figure.changes)
        return [(ReasonFamily.CHANGES, np.where(changed, added, 0)), (ReasonFamily.HOLDINGS, np.where(changed, 0, added))]

    def columns_of(self, found: Contributions, product: int, family: str, *, against: bool) -> list[str]:
        """Return the columns of a family for the first row, ordered by what they add; ``against``: by what they take away."""
        told = []
        for column, name in enumerate(found.columns):
            for reason, part in self.split(column, product, found.values[column, :1], found.added[product][column, :1]):
                if reason == family and part[0]:
                    told.append((float(part[0]), name))
        return [name for _, name in sorted(told, reverse=not against)]


def _of_column(column: str) -> str | None:
    """The family of a column, None for one of a product; a feature that none is declared for tells of the person."""
    if column == GROUP:
        return GROUP
    return None if product_figure(column) is not None else REASON_OF.get(column, ReasonFamily.PERSON)


@dataclass(frozen=True)
class ReasonMeans:
    """For each product the mean of what is explained and of each family's part, over customers who may add it."""

    families: tuple[str, ...]
    explained: Numbers
    """24; NaN for a product that the model has no margin of."""
    of_family: Numbers
    """24 x families."""

    @classmethod
    def of(cls, sums: ReasonSums, found: Contributions, open_: npt.NDArray[np.bool_]) -> Self:
        """Return the means over the rows that have not got a product (``open_``, rows x 24), over all where everybody has it."""
        means, of_family = np.full(N_PRODUCTS, np.nan, dtype=np.float32), np.zeros((N_PRODUCTS, len(sums.names)), np.float32)
        for product in found.products:
            rows = np.flatnonzero(open_[:, product]) if open_[:, product].any() else np.arange(len(open_))
            means[product] = found.margins[product][rows].mean(dtype=np.float64)
            of_family[product] = sums.of(found, product, rows).mean(axis=1, dtype=np.float64)
        return cls(sums.names, means, of_family)

    @classmethod
    def mean(cls, each: Sequence[tuple[Self, float]]) -> Self:
        """Return the mean by weight; one that knows nothing of a product counts nothing there."""
        families = tuple(dict.fromkeys(family for means, _ in each for family in means.families))
        weight = np.array([np.where(np.isnan(means.explained), 0.0, weight) for means, weight in each])
        weight /= np.maximum(weight.sum(axis=0), 1e-9)
        told = sum(np.nan_to_num(means.explained) * of for (means, _), of in zip(each, weight, strict=True))
        known = weight.any(axis=0)
        of_family = sum(of[:, None] * means.in_order(families) for (means, _), of in zip(each, weight, strict=True))
        return cls(families, np.where(known, told, np.nan).astype(np.float32), np.asarray(of_family, dtype=np.float32))

    def in_order(self, families: Sequence[str]) -> Numbers:
        """Return the means of families in this order (24 x families), 0 for one that is not known."""
        none = np.zeros(N_PRODUCTS, dtype=np.float32)
        columns = [self.of_family[:, self.families.index(name)] if name in self.families else none for name in families]
        return np.stack(columns, axis=1)

    def written(self) -> dict[str, dict[str, float]]:
        """The means by product and family, as a saved model keeps them."""
        return {
            PRODUCT_NAMES[bit]: {"explained": float(self.explained[bit])}
            | dict(zip(self.families, map(float, self.of_family[bit]), strict=True))
            for bit in np.flatnonzero(~np.isnan(self.explained)).tolist()
        }

    @classmethod
    def read(cls, written: Mapping[str, Mapping[str, Any]]) -> Self:
        """Return the object that ``written`` wrote."""
        names = tuple(name for name in next(iter(written.values()), {}) if name != "explained")
        means, of_family = np.full(N_PRODUCTS, np.nan, dtype=np.float32), np.zeros((N_PRODUCTS, len(names)), np.float32)
        for product, parts in written.items():
            bit = PRODUCT_NAMES.index(product)
            means[bit], of_family[bit] = parts["explained"], [parts[name] for name in names]
        return cls(names, means, of_family)


@dataclass(frozen=True)
class Reasoner:
    """What gives the reasons of a fitted model."""

    model: Recommender
    rate: RateOfAdding | None
    means: ReasonMeans
    members: Sequence[tuple["Reasoner", float]] = ()
    """Those of the members of a blend, each with its weight."""

    @classmethod
    def blended(cls, model: Recommender, members: Sequence[tuple["Reasoner", float]]) -> Self | None:
        """Return what gives the reasons of a blend; None where no member has any."""
        return (
            cls(model, None, ReasonMeans.mean([(each.means, weight) for each, weight in members]), members) if members else None
        )

    @classmethod
    def of(cls, model: Recommender, rate: RateOfAdding | None, customers: Features) -> Self | None:
        """Take the means over some customers; None for a model that cannot tell."""
        found = explained(model, rate, customers)
        if found is None:
            return None
        open_ = bits_of(integers(customers, "owned", unknown=0)) == 0
        return cls(model, rate, ReasonMeans.of(ReasonSums(found.columns, model.families), found, open_))

    def explained(self, features: Features) -> Contributions | None:
        """Return what each column adds to what is explained; None where the model cannot tell."""
        if not self.members:
            return explained(self.model, self.rate, features)
        told = [(found, weight) for member, weight in self.members if (found := member.explained(features)) is not None]
        return Contributions.mean(told) if told else None

    def strongest(self, features: Features, listed: npt.NDArray[np.integer], most: int, least: float) -> "Strongest":
        """Return the strongest reasons of each listed product (bits, rows x places, -1 for none)."""
        parts = [
            self._strongest(features.slice(start, AT_A_TIME), listed[start : start + AT_A_TIME], most, least)
            for start in range(0, max(features.num_rows, 1), AT_A_TIME)
        ]
        return Strongest(self.families, np.concatenate(parts))

    def _strongest(self, features: Features, listed: npt.NDArray[np.integer], most: int, least: float) -> npt.NDArray[np.int8]:
        codes = np.zeros((*listed.shape, most), dtype=np.int8)
        found = self.explained(features)
        if found is None:
            return codes
        sums = ReasonSums(found.columns, self.model.families)
        means, place_of = self.means.in_order(sums.names), np.array([self.families.index(name) for name in sums.names])
        for product in found.products:
            rows, places = np.nonzero(listed == product)
            if not len(rows):
                continue
            part = sums.of(found, product, rows) - means[product][:, None]
            first = np.argsort(-np.abs(part), axis=0, kind="stable")[:most]
            size = np.take_along_axis(part, first, axis=0)
            codes[rows, places, : len(first)] = np.where(np.abs(size) < least, 0, np.sign(size) * (place_of[first] + 1)).T
        return codes

    @property
    def families(self) -> tuple[str, ...]:
        """All that a reason of the model may be, the same in every process."""
        return (*map(str, ReasonFamily), *sorted(self.model.families))

    def of_customer(self, customer: Features) -> "list[list[Reason]]":
        """Return for each product (24) all reasons of one customer, the strongest first; none of a product without a margin."""
        found, reasons = self.explained(customer), [list[Reason]() for _ in range(N_PRODUCTS)]
        if found is None:
            return reasons
        sums = ReasonSums(found.columns, self.model.families)
        means = self.means.in_order(sums.names)
        for product in found.products:
            parts = sums.of(found, product)[:, 0] - means[product]
            for place in np.argsort(-np.abs(parts), kind="stable").tolist():
                family, size = sums.names[place], float(parts[place])
                reasons[product].append(Reason(family, size, sums.columns_of(found, product, family, against=size < 0)))
        return reasons


@dataclass(frozen=True)
class Telling:
    """Which reasons tables are to have: at most so many of a product, none smaller than ``least``."""

    reasoner: Reasoner
    most: int
    least: float

    def lists(self, features: Features, listed: npt.NDArray[np.integer]) -> pa.Array:
        """Return the reasons of each listed product (bits, rows x places, -1 for none), row by row."""
        found = self.reasoner.strongest(features, listed, self.most, self.least)
        return found.lists(*np.nonzero(listed >= 0))


@dataclass(frozen=True, slots=True)
class Reason:
    """What a family adds to what is explained of a product, and its columns, that which does most of it first."""

    family: str
    contribution: float
    columns: Sequence[str]


@dataclass(frozen=True)
class Strongest:
    """``codes`` (rows x places x reasons): 1 and more is the place of a family that speaks for, negative against, 0 for none."""

    families: tuple[str, ...]
    codes: npt.NDArray[np.int8]

    def lists(self, rows: npt.NDArray[np.integer], places: npt.NDArray[np.integer]) -> pa.Array:
        """Return the reasons at these rows and places as tables have them: lists of ``+family`` or ``-family``."""
        texts = pa.array([*(f"-{name}" for name in reversed(self.families)), "", *(f"+{name}" for name in self.families)])
        codes = self.codes[rows, places]
        told = codes != 0
        ends = np.cumsum(told.sum(axis=1), dtype=np.int32)
        flat = pa.array(codes[told].astype(np.int32) + len(self.families))
        return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]), pa.int32()), texts.take(flat))
