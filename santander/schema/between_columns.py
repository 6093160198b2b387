"""Rules between columns of a landing file: what several values of one record may not say together.

They are applied after each column's own rule (``columns.py``), to the records that have kept their row. A rule finds the rows
that break it, in a batch at once; the values of ``makes_null`` are then null in these rows, and their texts go to quarantine
under the rule's name. This is the only place of such a rule: the cleaning, a rule of validation and the table in docs/data.md
are made from it; the audit states it once more, on purpose (``santander/audit/rules.py``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.errors import did_you_mean
from santander.schema.columns import PROFILE_COLUMNS, PROVINCE_CODES

Rows: TypeAlias = npt.NDArray[np.bool_]

JOINED_AFTER_DAYS = 3
"""In the competition's files a customer may have joined up to three days after the snapshot (docs/data.md)."""
_NA = "NA"
_PROFILE = {column.name: column for column in PROFILE_COLUMNS}


class Batch(Protocol):
    """Some records of one landing file."""

    def values(self, column: str) -> pa.Array:
        """Values of a column of the profile, null where unknown; texts as a dictionary."""

    def texts(self, column: str, rows: npt.NDArray[np.intp]) -> list[str]:
        """Trimmed texts of a column of the profile in some rows, as they were delivered."""


@dataclass(frozen=True, slots=True)
class BetweenColumns:
    """One rule between columns of the profile."""

    name: str
    """The reason that stands in quarantine, and the name of the rule in validation."""
    columns: tuple[str, ...]
    meaning: str
    """What must hold, for people."""
    broken: Callable[[Batch], Rows | None]
    """The rows that break the rule; None where none does. A row with a null in ``columns`` breaks none but by its texts."""
    makes_null: tuple[str, ...]
    breaks_it: Mapping[str, str]
    """Texts by column that break the rule in an otherwise good record."""
    sql: str = ""
    """The same of a row of ``customers``, for validation: true where it breaks the rule. Empty where only texts can tell."""
    is_damage: bool = True
    """Whether the rows count for the share of a month that may go to quarantine."""
    unknown_as: str = ""
    """How unknown values stand in an exported line that broke the rule, where that is part of it."""

    def __post_init__(self) -> None:
        """Raise ValueError for a name that is no column of the profile, and for a null where a row must have a value."""
        named: dict[str, object] = {"columns": self.columns, "makes_null": self.makes_null, "breaks_it": tuple(self.breaks_it)}
        for field, names in named.items():
            if not isinstance(names, tuple) or not names:
                raise ValueError(f"rule '{self.name}': {field} is {names!r}; name columns in a tuple, such as ('joined_on',)")
            for name in names:
                if name not in _PROFILE:
                    raise ValueError(
                        f"rule '{self.name}': {field} names '{name}', no column of the profile: {did_you_mean(name, _PROFILE)}"
                    )
                if field == "makes_null" and _PROFILE[name].breaks_row:
                    raise ValueError(f"rule '{self.name}': makes_null names '{name}', without which there is no row")


def _joined_after_snapshot(batch: Batch) -> Rows | None:
    """Days are counted as 32-bit integers, which is what dates are in Arrow."""
    joined, snapshot = (batch.values(name).view(pa.int32()) for name in ("joined_on", "snapshot_date"))
    late = pc.greater(pc.subtract(joined, snapshot), JOINED_AFTER_DAYS)
    return _rows(late) if pc.any(late).as_py() else None


def _province_contradicts_code(batch: Batch) -> Rows | None:
    """A name that is none of the 52 contradicts no code: it may be one of them in another spelling."""
    names, codes = batch.values("province"), batch.values("province_code")
    code_of = np.array([*(PROVINCE_CODES.get(name, 0) for name in names.dictionary.to_pylist()), 0], np.int16)
    named = code_of[pc.fill_null(names.indices, len(names.dictionary)).to_numpy()]
    code = pc.fill_null(codes, 0).to_numpy()
    broken: Rows = (named != code) & (named != 0) & (code != 0)
    return broken if broken.any() else None


def _profile_all_na(batch: Batch) -> Rows | None:
    countries = batch.values("country")
    if _NA not in countries.dictionary.to_pylist():
        return None
    found = np.flatnonzero(_rows(pc.equal(countries, _NA)))
    for column in PROFILE_COLUMNS[2:]:
        found = found[np.array(batch.texts(column.name, found), dtype=object) == _NA]
    if not len(found):
        return None
    broken = np.zeros(len(countries), np.bool_)
    broken[found] = True
    return broken


def _rows(condition: pa.BooleanArray) -> Rows:
    rows: Rows = pc.fill_null(condition, False).to_numpy(zero_copy_only=False)
    return rows


_NAMED = ", ".join(f"'{name}'" for name in PROVINCE_CODES)
_CODED = ", ".join(f"'{code}{name}'" for name, code in PROVINCE_CODES.items())

BETWEEN_COLUMNS: tuple[BetweenColumns, ...] = (
    BetweenColumns(
        name="joined_after_snapshot",
        columns=("joined_on", "snapshot_date"),
        meaning=f"a customer joined at most {JOINED_AFTER_DAYS} days after the snapshot",
        broken=_joined_after_snapshot,
        makes_null=("joined_on",),
        sql=f"datediff(joined_on, snapshot_date) > {JOINED_AFTER_DAYS}",
        breaks_it={"snapshot_date": "2015-01-28", "joined_on": "2015-02-01"},
    ),
    BetweenColumns(
        name="province_contradicts_code",
        columns=("province_code", "province"),
        meaning="a province is not named as that of another code",
        broken=_province_contradicts_code,
        makes_null=("province_code", "province"),
        sql=f"province IN ({_NAMED}) AND concat(CAST(province_code AS STRING), province) NOT IN ({_CODED})",
        breaks_it={"province_code": "29", "province": "MADRID"},
    ),
    BetweenColumns(
        name="profile_all_na",
        columns=tuple(column.name for column in PROFILE_COLUMNS[2:]),
        meaning="where all texts of a profile are NA, that of the country is no country (Namibia) either",
        broken=_profile_all_na,
        makes_null=("country",),
        breaks_it={column.name: _NA for column in PROFILE_COLUMNS[2:]},
        is_damage=False,
        unknown_as=_NA,
    ),
)
if len({rule.name for rule in BETWEEN_COLUMNS}) < len(BETWEEN_COLUMNS):
    raise ValueError(f"two rules between columns of one name: {', '.join(sorted(rule.name for rule in BETWEEN_COLUMNS))}")
