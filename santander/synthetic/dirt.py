"""Dirt: malformed lines, illegal rows and illegal values, put into the lines of a month and listed.

Damaged rows are copies put in between, so the rows of the clean bank are all still there; damaged values replace what
a row said in one profile column, each in a row of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from santander.schema.columns import COLUMNS, PROFILE_COLUMNS
from santander.schema.months import Month
from santander.synthetic.sampling import stream

UNKNOWN = "unknown"
"""The month of a row whose date cannot be read."""

_DATE, _KEY, _AGE, _PROVINCE = 0, 1, 5, 20

Damage = Callable[[str], str]

_BAD_VALUES: tuple[tuple[str, str, str], ...] = tuple(
    (column.name, fault, text)
    for column in PROFILE_COLUMNS
    for fault, text in (("unreadable", column.unreadable), ("out_of_range", column.outside))
    if text
)
"""Column, what is wrong with its text, the text: every profile column once for each way in which its rule can be broken."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of damage and what an ingest is to call it."""

    name: str
    damage: Damage
    reason: str
    column: str | None = None
    text: str | None = None
    is_dated: bool = True


@dataclass(frozen=True, slots=True)
class DirtyLine:
    """One line as it must be found in quarantine; ``line`` counts from 0 within its month, in a file from 1, the header."""

    line: int
    month: str
    scope: str
    kind: str
    reason: str
    column: str | None
    raw: str


def soil(lines: pa.Array, month: Month, share: float, seed: int, *, products: bool) -> tuple[pa.Array, list[DirtyLine]]:
    """Damage ``share`` of a month's lines, each in one way, the kinds in turn; return the lines and what was damaged."""
    random = stream(seed, "dirt", month.index)
    kinds = _kinds(month, len(COLUMNS) if products else len(PROFILE_COLUMNS))
    chosen = random.choice(len(lines), size=min(round(share * len(lines)), len(lines) // 2), replace=False)
    first = int(random.integers(len(kinds)))
    kind_of = [kinds[(first + place) % len(kinds)] for place in range(chosen.size)]
    damaged = [kind.damage(line) for kind, line in zip(kind_of, lines.take(pa.array(chosen)).to_pylist(), strict=True)]

    is_value = np.array([kind.column is not None for kind in kind_of], np.bool_)
    place = np.arange(len(lines), dtype=np.float64)
    later = chosen + random.random(chosen.size) * (len(lines) - chosen)
    place = np.concatenate([place, np.where(is_value, chosen, np.maximum(later, chosen + 0.5))])
    keep = np.ones(place.size, np.bool_)
    keep[chosen[is_value]] = False
    order = np.argsort(place, kind="stable")
    order = order[keep[order]]
    line_of = np.empty(place.size, np.int64)
    line_of[order] = np.arange(order.size)

    dirty = [
        DirtyLine(
            int(line),
            str(month) if kind.is_dated else UNKNOWN,
            "value" if kind.column else "row",
            kind.name,
            kind.reason,
            kind.column,
            text.removesuffix("\n") if kind.text is None else kind.text,
        )
        for kind, text, line in zip(kind_of, damaged, line_of[len(lines) :], strict=True)
    ]
    soiled = pa.concat_arrays([lines, pa.array(damaged, pa.string())]).take(pa.array(order))
    return soiled, sorted(dirty, key=lambda line: line.line)


def _kinds(month: Month, n_columns: int) -> list[_Kind]:
    def put(position: int, text: str) -> Damage:
        return lambda line: _replaced(line, n_columns, position, text)

    wrong_number = "wrong_number_of_fields"
    rows = [
        _Kind("too_few_fields", lambda line: ",".join(line.split(",")[:12]) + "\n", wrong_number),
        _Kind("too_many_fields", lambda line: line[:-1] + ",0\n", wrong_number),
        _Kind("open_quote", lambda line: line.replace('",', ",", 1), "open_quote"),
        _Kind("stray_return", put(_AGE, " 3\r5"), "stray_carriage_return"),
        _Kind("bad_key", put(_KEY, "12x45"), "bad_customer_id"),
        _Kind("no_key", put(_KEY, ""), "bad_customer_id"),
        _Kind("zero_key", put(_KEY, "0"), "bad_customer_id"),
        _Kind("bad_day", put(_DATE, f"{month}-27"), "bad_snapshot_date"),
        _Kind("unreadable_date", put(_DATE, "28/13/15"), "bad_snapshot_date", is_dated=False),
        _Kind("empty_line", lambda _: "\n", "bad_snapshot_date", is_dated=False),
        _Kind("duplicate_key", _flip_last_flag if n_columns == len(COLUMNS) else lambda line: line, "duplicate_key"),
    ]
    if n_columns == len(COLUMNS):
        rows.append(_Kind("bad_product_flag", lambda line: line[:-2] + "7\n", "bad_product_flag"))
        rows.append(_Kind("empty_product_flag", lambda line: line[:-2] + "\n", "bad_product_flag"))
    position = {column.name: place for place, column in enumerate(PROFILE_COLUMNS)}
    values = [_Kind(f"{name}:{fault}", put(position[name], text), fault, name, text) for name, fault, text in _BAD_VALUES]
    return rows + values


def _replaced(line: str, n_columns: int, position: int, text: str) -> str:
    """The line with another text in one field. Only the province's name, which is quoted, may hold commas."""
    *before, rest = line.removesuffix("\n").split(",", _PROVINCE)
    fields = [*before, *rest.rsplit(",", n_columns - _PROVINCE - 1)]
    fields[position] = text
    return ",".join(fields) + "\n"


def _flip_last_flag(line: str) -> str:
    """Return rows of the same keys with other content: an ingest that keeps the wrong one of two rows shows."""
    return line[:-2] + ("1" if line[-2] == "0" else "0") + "\n"
