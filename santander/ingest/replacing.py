"""What of a month is lost when another delivery replaces it, and when that is refused."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from santander.errors import InputError
from santander.ingest.accounting import SHOWN, MonthCount
from santander.ingest.duplicates import distinct_keys
from santander.ingest.holders import files_of, holders_by_month
from santander.ingest.staging import StagedFiles
from santander.lake.ingestions import read_ingestions
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month
from santander.storage.places import Place

if TYPE_CHECKING:
    from santander.lake.lake import Lake


class FewCustomersShared(InputError):
    """A month would be replaced by one of mostly other customers, such as another part of it; nothing was replaced."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """One month that an ingest replaces: rows and customers before and after, and how many customers are in both."""

    month: Month
    rows_before: int
    rows: int
    customers_before: int
    customers: int
    shared: int
    files: tuple[str, ...]
    """Names of the files that bring the month now."""
    undone: tuple[str, ...]
    """Names of the files whose merge or replay into the month is undone."""
    displaced: Mapping[str, int]
    """The files that the month came from and comes from no longer, by fingerprint, with the rows each had given it."""
    same_files: bool
    """Whether the month came from exactly these files."""
    gone_example: int | None = None
    """A customer of the month who is not in the files."""
    new_example: int | None = None
    """A customer of the files who is not in the month."""

    @property
    def gone(self) -> int:
        """Customers of the month who are not in it any more."""
        return self.customers_before - self.shared

    @property
    def shared_share(self) -> float:
        """Customers in both, as a share of the smaller of the two."""
        return self.shared / max(1, min(self.customers_before, self.customers))

    def lost_files(self, min_shared: float) -> frozenset[str]:
        """Return the fingerprints of files most of whose customers may be gone, as those of a part are.

        Of a file that is corrected nearly all come again.
        """
        most = 1 - min_shared
        return frozenset(sha256 for sha256, rows in self.displaced.items() if self.gone and self.gone >= most * rows)


def replacements(lake: "Lake", staged: StagedFiles, counts: Sequence[MonthCount], kept: Mapping[Month, int]) -> list[Replacement]:
    """Compare the months that are there already with what is about to replace them; reads customer ids, month by month.

    Nothing is read for a month that is new, or that the same files bring again.
    """
    present = lake.rows_by_month(CUSTOMERS)
    replaced = [month for month in sorted(kept) if present.get(month)]
    if not replaced:
        return []
    held = holders_by_month(read_ingestions(lake))
    there, waiting = lake.files_by_month(CUSTOMERS), staged.places(staged.records)
    found = []
    for month in replaced:
        bringing = [staged.files[count.file_index] for count in counts if count.month == str(month)]
        ours = {file.sha256: file.name for file in bringing}
        before = held.get(month, [])
        same_files = present[month] == kept[month] and files_of(before) == set(ours) and not any(row.is_merge for row in before)
        one = Replacement(
            month=month,
            rows_before=present[month],
            rows=kept[month],
            customers_before=present[month],
            customers=kept[month],
            shared=present[month],
            files=tuple(ours.values()),
            undone=tuple(dict.fromkeys(row.file for row in before if row.is_merge)),
            displaced={row.file_sha256: row.kept for row in before if row.file_sha256 not in ours},
            same_files=same_files,
        )
        found.append(one if same_files else _compared(one, there[month], waiting[month]))
    return found


def _compared(one: Replacement, there: Sequence[Place], waiting: Sequence[Place]) -> Replacement:
    """Return the replacement with its customers as these files have them."""
    old, new = distinct_keys(there), distinct_keys(waiting)
    gone, added = np.setdiff1d(old, new, assume_unique=True), np.setdiff1d(new, old, assume_unique=True)
    return replace(
        one,
        customers_before=len(old),
        customers=len(new),
        shared=len(old) - len(gone),
        gone_example=int(gone[0]) if len(gone) else None,
        new_example=int(added[0]) if len(added) else None,
    )


def check_shared(replaced: Sequence[Replacement], min_shared: float, *, would_shrink: bool) -> None:
    """Refuse to replace a month by one that shares few of its customers; ``would_shrink`` names --allow-shrink as well."""
    others = [each for each in replaced if each.shared_share < min_shared]
    if not others:
        return
    names = " ".join(shlex.quote(name) for name in dict.fromkeys(name for each in others for name in each.files))
    shown = "; ".join(_comparison(each) for each in others[:SHOWN])
    more = f"; and {len(others) - SHOWN} more months" if len(others) > SHOWN else ""
    shrink = " --allow-shrink" if would_shrink else ""
    raise FewCustomersShared(
        f"{shown}{more}: nothing was replaced",
        file=others[0].files[0],
        month=others[0].month,
        column="ncodpers",
        example=None if others[0].new_example is None else str(others[0].new_example),
        hint=f"'santander ingest --merge {names}' adds the rows to the month, "
        f"'santander ingest --replace{shrink} {names}' replaces what is there",
    )


def _comparison(one: Replacement) -> str:
    return (
        f"{one.month} shares {one.shared:,} of its {one.customers:,} customers with the {one.customers_before:,} there "
        f"(customer {one.new_example} is new, customer {one.gone_example} would be gone)"
    )


def replaced_lines(replaced: Sequence[Replacement]) -> list[str]:
    """Return what was replaced as lines for people: one a month, and one for all months that the same files brought again."""
    lines = [_line(each) for each in replaced if not each.same_files]
    same = [each.month for each in replaced if each.same_files]
    if same:
        span = str(same[0]) if len(same) == 1 else f"{same[0]} to {same[-1]} ({len(same)} months)"
        lines.append(f"{span}: replaced by the same files again")
    return lines


def _line(one: Replacement) -> str:
    gone = {0: "no customer is gone", 1: "1 customer is gone"}.get(one.gone, f"{one.gone:,} customers are gone")
    undone = f"; merged since and undone: {', '.join(one.undone)}" if one.undone else ""
    return f"{one.month}: {one.rows:,} rows replace {one.rows_before:,}; {gone}{undone}"


@dataclass(frozen=True, slots=True)
class ReplacedMonth:
    """What became of a month that was replaced, as JSON shows it."""

    rows: int
    rows_before: int
    customers_gone: int
    merges_undone: tuple[str, ...]
    """Names of the files whose merge or replay into the month is undone."""


def replaced_by_month(replaced: Sequence[Replacement]) -> dict[Month, ReplacedMonth]:
    """Return what was replaced by month."""
    return {each.month: ReplacedMonth(each.rows, each.rows_before, each.gone, each.undone) for each in replaced}
