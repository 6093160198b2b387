"""Dirt: malformed lines, illegal rows and illegal values, put into the lines of a month and counted.

Damaged rows are copies put in between, so the rows of the clean bank are all still there; damaged values replace what
a row said in one profile column. What an ingest is to make of it stands in docs/data.md: every damaged row
goes to quarantine, a row with a damaged value stays without that value.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from santander.bank.months import Month
from santander.synthetic.streams import stream

UNKNOWN = "unknown"
"""The month of a row whose date cannot be read."""

_DATE, _KEY, _SEX, _AGE, _JOINED, _PROVINCE = 0, 1, 4, 5, 6, 19
_AFTER_INCOME_TRAIN, _AFTER_INCOME_TEST = 25, 1

Damage = Callable[[str], str]


def _replace(position: int, text: str) -> Damage:
    """Put ``text`` in the field at ``position``; only fields before the province's name, which may hold commas."""

    def damage(line: str) -> str:
        fields = line.split(",", position + 1)
        fields[position] = text
        return ",".join(fields)

    return damage


def _replace_income(text: str, fields_after: int) -> Damage:
    def damage(line: str) -> str:
        before, _, *after = line.rsplit(",", fields_after + 1)
        return ",".join([before, text, *after])

    return damage


def _flip_last_flag(line: str) -> str:
    """The same key with other content: an ingest that keeps the wrong one of two rows shows."""
    return line[:-2] + ("1" if line[-2] == "0" else "0") + "\n"


def _row_damage(month: Month, *, products: bool) -> dict[str, Damage]:
    """Damages that cost the whole row, by kind."""
    anywhere: dict[str, Damage] = {
        "too_few_fields": lambda line: ",".join(line.split(",")[:12]) + "\n",
        "too_many_fields": lambda line: line[:-1] + ",0\n",
        "open_quote": lambda line: line.replace('",', ",", 1),
        "bad_key": _replace(_KEY, "12x45"),
        "bad_day": _replace(_DATE, f"{month}-27"),
        "unreadable_date": _replace(_DATE, "28/13/15"),
    }
    if not products:
        return anywhere | {"duplicate_key": lambda line: line}
    return anywhere | {"bad_product_flag": lambda line: line[:-2] + "7\n", "duplicate_key": _flip_last_flag}


def _value_damage(*, products: bool) -> dict[str, Damage]:
    """Damages that cost one value, by kind."""
    return {
        "age": _replace(_AGE, "200"),
        "sex": _replace(_SEX, "X"),
        "joined_on": _replace(_JOINED, "2015-02-31"),
        "province_code": _replace(_PROVINCE, "99"),
        "household_income": _replace_income("abc", _AFTER_INCOME_TRAIN if products else _AFTER_INCOME_TEST),
    }


@dataclass(slots=True)
class DirtCount:
    """What an ingest is to count for one month of a file: ``read = kept + quarantined``.

    ``rows`` and ``values``: damages by kind; each damaged value sits in a row of its own.
    """

    read: int = 0
    kept: int = 0
    quarantined: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "DirtCount") -> "DirtCount":
        return DirtCount(
            self.read + other.read,
            self.kept + other.kept,
            self.quarantined + other.quarantined,
            self.rows + other.rows,
            self.values + other.values,
        )

    def as_json(self) -> dict[str, object]:
        """For ``dirty.json``."""
        return {
            "read": self.read,
            "kept": self.kept,
            "quarantined": self.quarantined,
            "rows": dict(self.rows),
            "values": dict(self.values),
        }


def soil(lines: pa.Array, month: Month, share: float, seed: int, *, products: bool) -> tuple[pa.Array, dict[str, DirtCount]]:
    """Damage ``share`` of a month's lines; counts are by month, with ``unknown`` where a date became unreadable."""
    random = stream(seed, "dirt", month.index)
    row_damage, value_damage = _row_damage(month, products=products), _value_damage(products=products)
    kinds = [*row_damage, *value_damage]
    chosen = random.choice(len(lines), size=min(round(share * len(lines)), len(lines) // 2), replace=False)
    first = int(random.integers(len(kinds)))
    kind_of = [kinds[(first + place) % len(kinds)] for place in range(chosen.size)]
    clean = lines.take(pa.array(chosen)).to_pylist()
    damaged = [(row_damage | value_damage)[kind](line) for kind, line in zip(kind_of, clean, strict=True)]

    is_value = np.array([kind in value_damage for kind in kind_of], np.bool_)
    place = np.arange(len(lines), dtype=np.float64)
    later = chosen + random.random(chosen.size) * (len(lines) - chosen)
    place = np.concatenate([place, np.where(is_value, chosen, np.maximum(later, chosen + 0.5))])
    keep = np.ones(place.size, np.bool_)
    keep[chosen[is_value]] = False
    order = np.argsort(place, kind="stable")
    order = order[keep[order]]
    soiled = pa.concat_arrays([lines, pa.array(damaged, pa.string())]).take(pa.array(order))
    return soiled, _count(month, len(lines), kind_of, set(value_damage))


def _count(month: Month, clean_lines: int, kind_of: list[str], values: set[str]) -> dict[str, DirtCount]:
    dated, undated = DirtCount(kept=clean_lines), DirtCount()
    for kind in kind_of:
        count = undated if kind == "unreadable_date" else dated
        (count.values if kind in values else count.rows)[kind] += 1
    for count in (dated, undated):
        count.quarantined = count.rows.total()
        count.read = count.kept + count.quarantined
    return {str(month): dated, UNKNOWN: undated} if undated.read else {str(month): dated}
