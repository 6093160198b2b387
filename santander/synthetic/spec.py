"""What to generate, and what came out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from santander.errors import InputError
from santander.schema.months import Month
from santander.storage.places import Place
from santander.synthetic.dirt import UNKNOWN, DirtyLine
from santander.synthetic.facts import FIRST_MONTH, LAST_LABELLED

TRAIN, TEST, ORACLE, DIRTY = "train_ver2.csv", "test_ver2.csv", "oracle.json", "dirty.json"
LATER_TRAIN, LATER_TEST = "train_{}.csv", "test_{}.csv"
"""A later month of a bank that was continued: delivered with its products, and before that without them."""
DIRTY_LINES = "dirty/lines.csv"
"""In a folder of its own: it is no landing file, and ``raw/*.csv`` are."""

FEWEST_CUSTOMERS = 100
EARLIEST = Month(2005, 1)
"""No bank begins before: the known growth, carried on into the past, would leave no customers."""

CUSTOMERS, SEED = 20_000, 11
"""The bank that is made unless told otherwise: everybody gets the same one."""

GENERATOR_VERSION = 2
"""Raised whenever the same seed would give other bytes."""


@dataclass(frozen=True, slots=True)
class BankSpec:
    """A bank: ``customers`` ever seen from 2015-01 to 2016-05 (956,645 = full size), months ``first`` to ``last``.

    ``last`` is the month without products. ``dirty_share``: share of each month's rows that are damaged, 0 for none.
    """

    out: Place
    customers: int = CUSTOMERS
    first: Month = FIRST_MONTH
    last: Month = LAST_LABELLED + 1
    seed: int = SEED
    monthly: bool = False
    propensity: bool = True
    dirty_share: float = 0.0

    @property
    def identity(self) -> dict[str, object]:
        """Return all that decides the bytes of the landing files: two specs with one identity are the same bank."""
        return {
            "customers": self.customers,
            "first": str(self.first),
            "last": str(self.last),
            "seed": self.seed,
            "dirty_share": self.dirty_share,
            "generator_version": GENERATOR_VERSION,
        }

    @classmethod
    def of_identity(cls, identity: Mapping[str, Any], out: Place) -> Self:
        """Return the bank of an identity. Raises InputError for one of another generator, KeyError or ValueError for none."""
        if identity["generator_version"] != GENERATOR_VERSION:
            raise InputError(
                f"the bank was made by version {identity['generator_version']} of the generator, and this is version "
                f"{GENERATOR_VERSION}: its next month would be of other people",
                hint="make a new bank with --data-dir",
            )
        first, last = (Month.parse(identity[name]) for name in ("first", "last"))
        return cls(out, identity["customers"], first, last, seed=identity["seed"], dirty_share=identity["dirty_share"])

    def __post_init__(self) -> None:
        if self.customers < FEWEST_CUSTOMERS:
            raise InputError(
                f"a bank needs at least {FEWEST_CUSTOMERS} customers, not {self.customers}",
                example=str(self.customers),
                hint=f"give --customers {FEWEST_CUSTOMERS} or more",
            )
        if self.seed < 0:
            raise InputError(f"--seed is a number from 0, not {self.seed}", example=str(self.seed), hint="give --seed 0 or more")
        if self.first < EARLIEST:
            raise InputError(
                f"a bank begins in {EARLIEST} or later, not in {self.first}: its size is only known around 2015",
                month=self.first,
                hint=f"give --from {EARLIEST} or later",
            )
        if self.last <= self.first:
            raise InputError(
                f"a bank needs two months or more, the last without products: {self.first} to {self.last} is too short",
                month=self.first,
                hint=f"give --to {self.first + 1} or later",
            )
        if not 0 <= self.dirty_share < 0.5:
            raise InputError(
                f"--dirty-share is a share of a month's rows from 0 to 0.5, not {self.dirty_share}",
                example=str(self.dirty_share),
                hint="give one such as 0.01",
            )


@dataclass(frozen=True, slots=True)
class OracleMonth:
    """One labelled month: ``customers`` have a row in it and in the month before, ``buyers`` added something."""

    month: str
    customers: int
    buyers: int
    additions: int
    ceiling: float
    oracle: float


@dataclass(slots=True)
class BankReport:
    """What was written: ``rows`` without dirt per month, ``oracle`` of each labelled month."""

    spec: BankSpec
    rows: dict[str, int] = field(default_factory=dict)
    oracle: list[OracleMonth] = field(default_factory=list)
    dirty: dict[str, list[DirtyLine]] = field(default_factory=dict)
    """What an ingest is to quarantine, by file."""
    months: dict[str, list[str]] = field(default_factory=dict)
    """The months of each file with dirt."""
    files: list[Place] = field(default_factory=list)
    landing: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the landing files, by their names below ``spec.out``."""

    def add_dirt(self, file: str, month: Month, dirty: Iterable[DirtyLine]) -> None:
        """Note what was damaged in one month of a file; months come in the order of the file."""
        before, listed = self.months.setdefault(file, []), self.dirty.setdefault(file, [])
        # the header is line 1; a damaged row is a line more than there were, a damaged value is not
        first = 2 + sum(self.rows[each] for each in before) + sum(line.scope == "row" for line in listed)
        listed += [replace(line, line=first + line.line) for line in dirty]
        before.append(str(month))

    def oracle_json(self) -> dict[str, Any]:
        """Content of ``oracle.json``."""
        return {
            "seed": self.spec.seed,
            "generator_version": GENERATOR_VERSION,
            "customers": self.spec.customers,
            "months": [asdict(month) for month in self.oracle],
            "files": self.landing,
        }

    def dirty_json(self) -> dict[str, Any]:
        """Content of ``dirty.json``."""
        files = {file: self._counts(file) for file in self.dirty}
        return {"seed": self.spec.seed, "share": self.spec.dirty_share, "files": files}

    def _counts(self, file: str) -> dict[str, dict[str, Any]]:
        """What an ingest is to count for each month of a file: ``read = kept + quarantined``, and damages by kind."""
        counts = {}
        for month in (*self.months[file], UNKNOWN):
            of_month = [line for line in self.dirty[file] if line.month == month]
            rows, values = (Counter(line.kind for line in of_month if line.scope == scope) for scope in ("row", "value"))
            kept, quarantined = self.rows.get(month, 0), rows.total()
            if kept or quarantined:
                counts[month] = {
                    "read": kept + quarantined,
                    "kept": kept,
                    "quarantined": quarantined,
                    "rows": dict(rows),
                    "values": dict(values),
                }
        return counts

    def dirty_rows(self) -> Iterator[tuple[str, ...]]:
        """Content of ``dirty/lines.csv``, its header first: every entry that an ingest is to leave in quarantine."""
        yield ("file", "line", "month", "scope", "reason", "column", "raw")
        for file, lines in self.dirty.items():
            for dirty in lines:
                yield file, str(dirty.line), dirty.month, dirty.scope, dirty.reason, dirty.column or "", dirty.raw
