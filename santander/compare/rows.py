"""Two Arrow tables compared row by row: which rows are on one side only, which values of the others differ.

Rows are matched by their key whatever their order; a key that occurs more than once is matched by all columns. Values are equal
when they are equal to the bit: a null equals a null only, -0.0 is not 0.0. Every NaN equals every other, as engines
write different ones. Memory is that of the two tables and a few columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN = 3
"""How many differing rows are told apart by their keys."""

_BITS = {pa.float32(): np.uint32, pa.float64(): np.uint64}


@dataclass(frozen=True, slots=True)
class RowsDifference:
    """What tells two tables apart; counts are rows. ``columns``: rows of both sides in which a column differs, if any."""

    rows_here: int
    rows_there: int
    only_here: int = 0
    only_there: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    structure: Sequence[str] = ()
    """What differs in the tables as a whole, such as a column that one side lacks."""
    examples: Sequence[str] = ()
    """Rows that differ: key and side, or key and both values of each column that differs."""

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.only_here or self.only_there or self.columns or self.structure)


def compare_rows(
    here: pa.Table,
    there: pa.Table,
    key: Sequence[str],
    *,
    leave_out: Sequence[str] = (),
    within: Mapping[str, float] | None = None,
) -> RowsDifference:
    """Compare two tables whose rows ``key`` names; columns in ``leave_out`` do not count.

    Values of a column in ``within`` are equal when they are that close, or both null, or both NaN. Raises KeyError when a
    column of the key is on neither side or on one only: there are no rows to match then.
    """
    here, there = (_plain(table.drop_columns([c for c in leave_out if c in table.column_names])) for table in (here, there))
    other_columns = list(_other_columns(here.schema, there.schema))
    common = [f.name for f in here.schema if f.name in there.column_names and there.schema.field(f.name).type == f.type]
    if lacking := [name for name in key if name not in common]:
        raise KeyError(f"rows cannot be matched by {', '.join(lacking)}: not a column of both sides with one type")
    matches = _match(here.select(key), there.select(key))
    if matches.repeated:
        exact = [name for name in common if name not in (within or {})]
        matches = _match(here.select(exact), there.select(exact))
    differing: dict[str, NDArray[np.bool_]] = {}
    for name in common:
        if name in key:
            continue
        one, other = _taken(here[name], matches.here), _taken(there[name], matches.there)
        differs = _apart(one, other, within[name]) if within and name in within else _differs(one, other)
        if differs.any():
            differing[name] = differs
    return RowsDifference(
        here.num_rows,
        there.num_rows,
        len(matches.only_here),
        len(matches.only_there),
        {name: int(differs.sum()) for name, differs in differing.items()},
        other_columns,
        _examples(here, there, key, matches, differing),
    )


@dataclass(frozen=True, slots=True)
class _Matches:
    """Row numbers: ``here[i]`` and ``there[i]`` are the same row of both sides, the others are on one side only."""

    here: "NDArray[np.int64]"
    there: "NDArray[np.int64]"
    only_here: "NDArray[np.int64]"
    only_there: "NDArray[np.int64]"
    repeated: bool
    """Whether a key occurs more than once on one side."""


def _match(here: pa.Table, there: pa.Table) -> _Matches:
    """Match the rows of two tables that agree in all columns; the n-th of equal rows with the n-th of the other side.

    Both are sorted together, ``here`` before ``there`` among equals: so a run of equal rows holds one side's, then the other's.
    """
    both = _sortable(pa.concat_tables([here, there]))
    if not both.num_rows:
        none = np.empty(0, dtype=np.int64)
        return _Matches(none, none, none, none, repeated=False)
    order = pc.sort_indices(both, sort_keys=[(name, "ascending") for name in both.column_names]).to_numpy()
    starts = np.zeros(len(order), dtype=bool)
    starts[0] = True
    for column in both.columns:
        ordered = _taken(column, order)
        starts[1:] |= _differs(ordered[1:], ordered[:-1])
    group = np.cumsum(starts) - 1
    is_here = order < here.num_rows
    of_here = np.bincount(group[is_here], minlength=group[-1] + 1)
    of_there = np.bincount(group[~is_here], minlength=group[-1] + 1)
    nth = np.arange(len(order)) - np.flatnonzero(starts)[group]
    nth[~is_here] -= of_here[group[~is_here]]
    matched = nth < np.where(is_here, of_there[group], of_here[group])
    return _Matches(
        order[is_here & matched].astype(np.int64),
        order[~is_here & matched].astype(np.int64) - here.num_rows,
        order[is_here & ~matched].astype(np.int64),
        order[~is_here & ~matched].astype(np.int64) - here.num_rows,
        repeated=bool((of_here > 1).any() or (of_there > 1).any()),
    )


def _sortable(table: pa.Table) -> pa.Table:
    """The table with the bits of floating point columns: a sort would mix -0.0 and 0.0, which are not equal here."""
    for place, column in enumerate(table.columns):
        if column.type in _BITS:
            table = table.set_column(place, table.column_names[place], _float_bits(column.combine_chunks()))
    return table


def _taken(column: pa.ChunkedArray, rows: "NDArray[Any]") -> pa.Array:
    """These rows of a column, in this order, as one array."""
    return pc.take(column.combine_chunks(), pa.array(rows))


def _differs(one: pa.Array, other: pa.Array) -> "NDArray[np.bool_]":
    """Return a mask of the positions at which two arrays of one type and length differ, to the bit."""
    if one.type in _BITS:
        one, other = _float_bits(one), _float_bits(other)
    values = pc.fill_null(pc.not_equal(one, other), False)
    return _mask(pc.or_(values, pc.xor(one.is_null(), other.is_null())))


def _float_bits(values: pa.Array) -> pa.Array:
    """The bits of floating point numbers as integers, all NaN alike."""
    unknown = _mask(values.is_null())
    numbers = pc.fill_null(values, 0.0).to_numpy(zero_copy_only=False)
    numbers = np.where(np.isnan(numbers), np.array(np.nan, numbers.dtype), numbers)
    return pa.array(numbers.view(_BITS[values.type]), mask=unknown)


def _apart(one: pa.Array, other: pa.Array, distance: float) -> "NDArray[np.bool_]":
    """Return a mask of positions further apart than ``distance``, or where one is null or NaN and the other is not."""
    a, b = (pc.fill_null(values, 0.0).to_numpy(zero_copy_only=False) for values in (one, other))
    with np.errstate(invalid="ignore"):
        close = (np.abs(a - b) <= distance) | (a == b) | (np.isnan(a) & np.isnan(b))
    apart: NDArray[np.bool_] = ~close | _mask(pc.xor(one.is_null(), other.is_null()))
    return apart


def _mask(values: pa.Array) -> "NDArray[np.bool_]":
    mask: NDArray[np.bool_] = np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.bool_)
    return mask


def _plain(table: pa.Table) -> pa.Table:
    """The table with each text and binary column in the one Arrow type it has here, whoever made it; lists as texts."""
    for place, name in enumerate(table.column_names):
        if pa.types.is_list(table.schema.types[place]):
            values = table.column(place)
            if pa.types.is_floating(values.type.value_type):
                values = pa.chunked_array(
                    [pa.array([None if each is None else list(map(str, each)) for each in values.to_pylist()])]
                )
            table = table.set_column(place, name, pc.binary_join(values.cast(pa.list_(pa.string())), "\n"))
    plain = {
        pa.large_string(): pa.string(),
        pa.string_view(): pa.string(),
        pa.large_binary(): pa.binary(),
        pa.binary_view(): pa.binary(),
    }
    return table.cast(pa.schema([pa.field(field.name, plain.get(field.type, field.type)) for field in table.schema]))


def _other_columns(here: pa.Schema, there: pa.Schema) -> "list[str]":
    said = [f"column {name} only here" for name in here.names if name not in there.names]
    said += [f"column {name} only there" for name in there.names if name not in here.names]
    for name in here.names:
        if name in there.names and here.field(name).type != there.field(name).type:
            said.append(f"column {name} is {here.field(name).type} here, {there.field(name).type} there")
    return said


def _examples(
    here: pa.Table, there: pa.Table, key: Sequence[str], matches: _Matches, differing: "Mapping[str, NDArray[np.bool_]]"
) -> list[str]:
    """The first few rows of each kind of difference, in the order of their keys."""

    def named(table: pa.Table, row: int) -> str:
        return ", ".join(f"{name} {_shown(table, name, row)}" for name in key)

    examples = [f"{named(here, row)}: only here" for row in matches.only_here[:SHOWN]]
    examples += [f"{named(there, row)}: only there" for row in matches.only_there[:SHOWN]]
    if differing:
        for place in np.flatnonzero(np.logical_or.reduce(list(differing.values())))[:SHOWN]:
            one, other = matches.here[place], matches.there[place]
            values = (
                f"{name} {_shown(here, name, one)} here, {_shown(there, name, other)} there"
                for name, differs in differing.items()
                if differs[place]
            )
            examples.append(f"{named(here, one)}: {'; '.join(values)}")
    return examples


def _shown(table: pa.Table, name: str, row: int) -> str:
    value = table[name][int(row)].as_py()
    if isinstance(value, bytes):
        return value.hex()
    return repr(value) if isinstance(value, str | float) else str(value)
