"""Rows as bytes of the raw files, with every trap of the real ones (docs/data.md).

A row is a join of fragments: those that never change for a customer are built once, the others are taken from short
lists by code. The join leaves one contiguous buffer, which is written as it is.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from santander.schema.columns import HIGHEST_AGE, MONTHS_IN_LONGEST_LIFE, PROVINCES
from santander.schema.months import Month
from santander.synthetic import facts
from santander.synthetic.people import People
from santander.synthetic.profile import SENTINEL_SENIORITY, Profile
from santander.synthetic.sampling import Indices, Masks

Fragments: TypeAlias = pa.Array
_PAYROLL_BITS = (21, 22)


class LineWriter:
    """Turns profiles and holdings of one bank into lines."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._ids = _text(f"{number}," for number in people.customer_id.tolist())
        self._country = _text(f"{code}," for code in facts.COUNTRIES)
        self._employment = _text(f"{code}," for code in facts.EMPLOYMENTS)
        self._sex = _text(f"{code}," for code in facts.SEXES)
        self._age = _text([*(f"{age:3d}," for age in range(HIGHEST_AGE + 1)), " NA,"])
        days = np.arange(people.joined.min(), people.joined.max() + 1).astype("datetime64[D]").astype(str).tolist()
        self._joined = _text([*(f"{day}," for day in days), ","])
        seniorities = [*range(MONTHS_IN_LONGEST_LIFE), SENTINEL_SENIORITY]
        self._new_seniority = _text([*(f"{new:2d},{months:7d}," for new in (0, 1) for months in seniorities), "NA,     NA,"])
        self._n_seniorities = len(seniorities)
        relations = [f"{kind},{type_}," for kind in facts.RELATION_KINDS for type_ in facts.RELATION_TYPES]
        self._relation = _text(relations)
        flags = [
            f"{'S' if here else 'N'},{'S' if born else 'N'},{spouse},"
            for here in (0, 1)
            for born in (0, 1)
            for spouse in ("", "N")
        ]
        self._residence = _text([*flags, ",,,"])
        self._channel = _text(f"{code}," for code in facts.CHANNELS)
        places = [f'{dead}, 1,{code:2d},"{name}",' for dead in "NS" for code, name in enumerate(PROVINCES)]
        places = [place.replace(', 0,""', ',NA,""') for place in places]
        self._place = _text([*places, ',NA,NA,"",'])
        self._active = _text([" 0,", " 1,", "NA,"])
        self._income = income_texts(np.append(people.income, np.nan), padded=False)
        self._segment = _text(f"{name}," for name in facts.SEGMENTS)
        self._segment_end = _text(f"{name}\n" for name in facts.SEGMENTS)
        self._low = _text(",".join(str(bits >> bit & 1) for bit in range(12)) + "," for bits in range(4096))
        self._high = _text(_high_products(bits, missing=missing) for missing in (False, True) for bits in range(4096))
        self._padded_income: Fragments | None = None

    def train(self, month: Month, rows: Profile, holdings: Masks, order: Indices) -> Fragments:
        """Lines of a month with its products, 48 columns, in the order given; holdings are bitmasks per row."""
        high = (holdings >> 12) + 4096 * (rows.payroll_missing & (holdings >> 21 & 3 == 0))
        tail = [
            self._income.take(_known(rows.who[order], rows.block[order], len(self._people))),
            self._segment.take(_positions(rows.segment[order])),
            self._low.take(_positions(holdings[order] & 0xFFF)),
            self._high.take(_positions(high[order])),
        ]
        return self._lines(month, rows, order, tail)

    def test(self, month: Month, rows: Profile, order: Indices) -> Fragments:
        """Lines of a month without products, 24 columns, income padded to 11."""
        if self._padded_income is None:
            self._padded_income = income_texts(np.append(self._people.income, np.nan), padded=True)
        tail = [
            self._padded_income.take(_known(rows.who[order], rows.block[order], len(self._people))),
            self._segment_end.take(_positions(rows.segment[order])),
        ]
        return self._lines(month, rows, order, tail)

    def _lines(self, month: Month, rows: Profile, order: Indices, tail: Sequence[Fragments]) -> Fragments:
        people, who, block = self._people, rows.who[order], rows.block[order]
        dead = people.deceased[who].astype(np.int64)
        residence = 4 * (people.country[who] == 1) + 2 * people.foreign_born[who] + people.spouse[who]
        seniority = np.where(rows.seniority == SENTINEL_SENIORITY, self._n_seniorities - 1, rows.seniority)[order]
        new_seniority = seniority + self._n_seniorities * rows.is_new[order]
        place = people.province[who] + len(PROVINCES) * dead
        head = [
            pa.scalar(f"{month.snapshot},", pa.string()),
            self._ids.take(_positions(who)),
            self._employment.take(_known(people.employment[who], block, 0)),
            self._country.take(_known(people.country[who], block, 0)),
            self._sex.take(_positions(rows.sex[order])),
            self._age.take(_known(rows.age[order], block, HIGHEST_AGE + 1)),
            self._joined.take(_known(people.joined[who] - people.joined.min(), block, len(self._joined) - 1)),
            self._new_seniority.take(_known(new_seniority, block, len(self._new_seniority) - 1)),
            _status(month).take(_known(rows.left_on[order], block, 29)),
            self._relation.take(_positions((len(facts.RELATION_TYPES) * rows.relation_kind + rows.relation_type)[order])),
            self._residence.take(_known(residence, block, 8)),
            self._channel.take(_positions(rows.channel[order])),
            self._place.take(_known(place, block, len(self._place) - 1)),
            self._active.take(_known(rows.active[order], block, 2)),
        ]
        return pc.binary_join_element_wise(*head, *tail, "")


def income_texts(income: np.ndarray, *, padded: bool) -> Fragments:
    """Income with its comma: plain decimals with the float noise of the train file, or 11 wide as in the test file."""
    unknown = np.isnan(income)
    if padded:
        return _text(
            "         NA," if lacks else f"{euros:11.2f}," for euros, lacks in zip(income.tolist(), unknown.tolist(), strict=True)
        )
    noisy = np.arange(income.size) * 2_654_435_761 % 100 < 13
    shown = np.where(noisy, np.nextafter(income, np.inf), income)
    return _text("," if lacks else f"{euros!r}," for euros, lacks in zip(shown.tolist(), unknown.tolist(), strict=True))


def _status(month: Month) -> Fragments:
    """``indrel`` and the day it ended, by day of leaving (0: still a primary customer, 29: unknown)."""
    return _text([" 1,,", *(f"99,{month}-{day:02d}," for day in range(1, 29)), "NA,,"])


def _high_products(bits: int, *, missing: bool) -> str:
    """The products of bits 12 to 23; payroll and pension deposit are padded to 2, and may be unknown."""
    texts = []
    for bit in range(12, 24):
        flag = str(bits >> (bit - 12) & 1)
        texts.append(("NA" if missing else f" {flag}") if bit in _PAYROLL_BITS else flag)
    return ",".join(texts) + "\n"


def _text(pieces: object) -> Fragments:
    return pa.array(list(pieces), pa.string())  # type: ignore[call-overload]


def _positions(codes: np.ndarray) -> pa.Array:
    return pa.array(codes.astype(np.int32, copy=False))


def _known(codes: np.ndarray, block: np.ndarray, otherwise: int) -> pa.Array:
    """Codes as positions, with the code for a missing value where the block of profile columns is missing."""
    return _positions(np.where(block, otherwise, codes))
