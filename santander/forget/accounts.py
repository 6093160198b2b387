"""Rows of quarantine and ingestions after a person's lines were cut out of their files, or hidden where a file stays as it is.

``read = kept + quarantined`` stays true of every file and month: of a rewritten file its lines are fewer and have other
numbers; in a file that could not be rewritten the lines are still there and count as quarantined, as a new ingest would have it.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from santander.forget.hiding import without_ids
from santander.forget.lines import Scan
from santander.ingest.entries import ID_DIGITS
from santander.ingest.holders import files_of, last_ingestions, merges_since
from santander.lake.ingestions import Ingestion, read_ingestions
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE
from santander.schema.months import Month
from santander.suppression import ERASED
from santander.suppression.spellings import Numbers, numbers_in, plain_digits

if TYPE_CHECKING:
    from santander.lake.lake import Lake

_CORRECTS = re.compile(rf'("?)([0-9a-f]{{{ID_DIGITS}}}):([0-9]+)')
"""How a line of a file of corrections begins: the quarantine id of the line it corrects."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A landing file before and after: fingerprints, and number and month of each line that went."""

    file: str
    old: str
    new: str
    removed: Mapping[int, str]


class Accounts:
    """The rows of ``quarantine`` and ``ingestions``, changed here and written back by ``save``, each table in one commit."""

    def __init__(self, lake: "Lake") -> None:
        self._lake = lake
        self.quarantine = lake.rows(QUARANTINE)
        self.ingestions = read_ingestions(lake)
        self._before = self._rows()

    def knows(self, sha256: str) -> bool:
        """Whether a file of this content was ever ingested."""
        return sha256 in files_of(self.ingestions)

    def months_of(self, found: Scan) -> dict[int, str]:
        """For each line found the month it was counted under."""
        quarantined = {row["line"]: row["month"] for row in self._lines_of(found.sha256) if row["scope"] == "row"}
        return {line.number: quarantined.get(line.number, line.month) for line in found.lines}

    def follow(self, file: Rewritten) -> None:
        """Give the rows of a rewritten landing file its new fingerprint, line numbers and counts."""
        gone = sorted(file.removed)
        self.quarantine = [row for row in self.quarantine if row["file_sha256"] != file.old or row["line"] not in file.removed]
        for row in self._lines_of(file.old):
            row.update({"file_sha256": file.new, "line": row["line"] - bisect_left(gone, row["line"])})
        for row in self.quarantine:
            row["raw"] = _renamed(row["raw"], file, gone)
        lost = Counter(file.removed.values())
        renamed = [
            replace(row, file_sha256=file.new, read=row.read - lost[row.month]) if row.file_sha256 == file.old else row
            for row in self.ingestions
        ]
        # a file without undated lines has no row for them, as a new ingest of it would have none
        self.ingestions = [row for row in renamed if row.read or row.is_dated]
        self._recount()

    def hide(self, found: Scan) -> None:
        """Count each line of a file that stays as it is as quarantined, with the reason ``erased`` and without a text."""
        origin = {row.month: row for row in self.ingestions if row.file_sha256 == found.sha256}
        whole = {row["line"] for row in self._lines_of(found.sha256) if row["scope"] == "row"}
        numbers = {line.number for line in found.lines}
        self.quarantine = [
            row
            for row in self.quarantine
            if not (row["file_sha256"] == found.sha256 and row["scope"] == "value" and row["line"] in numbers)
        ]
        for row in self._lines_of(found.sha256):
            if row["line"] in numbers:
                row.update(_BARE)
        for line in found.lines:
            if line.number not in whole and line.month in origin:
                of_file = {name: getattr(origin[line.month], name) for name in ("ingestion_id", "file", "file_sha256", "month")}
                self.quarantine.append({**of_file, "line": line.number, "scope": "row", **_BARE})
        self._recount()

    def scrub(self, ids: Numbers) -> int:
        """Remove texts and keys of these persons from all other rows; return how many rows changed."""
        wanted = set(ids.tolist())
        for row in self.quarantine:
            row["file"] = without_ids(row["file"], ids)
        self.ingestions = [replace(row, file=without_ids(row.file, ids)) for row in self.ingestions]
        named = naming([row["raw"] for row in self.quarantine], ids)
        touched = 0
        for position, row in enumerate(self.quarantine):
            is_theirs = row["customer_id"] in wanted
            if is_theirs or (position in named and row["customer_id"] is None):
                row.update(_BARE | {"scope": "row"})
            elif position in named:
                row["raw"] = None  # another customer's line, in which the number stands all the same
            else:
                continue
            touched += 1
        seen: set[tuple[str, int]] = set()
        rows = []
        for row in self.quarantine:
            place = (row["file_sha256"], row["line"])
            if row["reason"] != ERASED or place not in seen:
                rows.append(row)
            if row["reason"] == ERASED:
                seen.add(place)
        self.quarantine = rows
        self._recount()
        return touched

    def settle_inserted(self) -> None:
        """Lower ``inserted`` of merges to what each month still has beyond the rows of its files."""
        rows = self._lake.rows_by_month(CUSTOMERS)
        last = last_ingestions(self.ingestions)
        for month, merges in merges_since(row for row in self.ingestions if row.is_dated).items():
            left = [row.gained for row in merges]
            surplus = sum(row.kept for row in last.get(month, [])) + sum(left) - rows.get(Month.parse(month), 0)
            for n, most in (*enumerate(_overstated(merges)), *reversed(list(enumerate(left)))):
                taken = min(max(surplus, 0), most, left[n])
                left[n] -= taken
                surplus -= taken
            for merged, inserted in zip(merges, left, strict=True):
                self.ingestions[self.ingestions.index(merged)] = replace(merged, inserted=inserted)

    def save(self) -> None:
        """Write back what changed, quarantine first."""
        for table, before, rows in zip((QUARANTINE, INGESTIONS), self._before, self._rows(), strict=True):
            if rows != before:
                self._lake.overwrite_rows(table, rows)
        self._before = self._rows()

    def _rows(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Copies of the rows as the tables hold them."""
        return [dict(row) for row in self.quarantine], [row.row() for row in self.ingestions]

    def _lines_of(self, sha256: str) -> list[dict[str, Any]]:
        return [row for row in self.quarantine if row["file_sha256"] == sha256]

    def _recount(self) -> None:
        lines: dict[tuple[str, str, str], set[int]] = {}
        for row in self.quarantine:
            lines.setdefault((row["file_sha256"], row["month"], row["scope"]), set()).add(row["line"])
        for n, counted in enumerate(self.ingestions):
            whole = lines.get((counted.file_sha256, counted.month, "row"), set())
            kept = counted.read - len(whole)
            self.ingestions[n] = replace(
                counted,
                kept=kept,
                quarantined_rows=len(whole),
                rows_with_quarantined_values=len(lines.get((counted.file_sha256, counted.month, "value"), set()) - whole),
                inserted=counted.inserted if counted.is_merge else kept,
            )


def _overstated(merges: Sequence[Ingestion]) -> Iterator[int]:
    """By how much ``inserted`` of each row of merges exceeds what its merge still keeps."""
    kept: Counter[str] = Counter()
    for row in merges:
        kept[row.ingestion_id] += row.kept
    for row in merges:  # a replay states what it inserted in its first row
        yield max(0, row.gained - kept[row.ingestion_id])
        kept[row.ingestion_id] -= min(row.gained, kept[row.ingestion_id])


_BARE = {"reason": ERASED, "column": None, "raw": None, "customer_id": None, "resolved_by": None}


def _renamed(raw: str | None, file: Rewritten, gone: Sequence[int]) -> str | None:
    """A text that begins with the quarantine id of a line of the rewritten file, with the id the line has now."""
    named = _CORRECTS.match(raw) if raw else None
    if raw is None or named is None or named[2] != file.old[:ID_DIGITS]:
        return raw
    line = int(named[3])
    return f"{named[1]}{file.new[:ID_DIGITS]}:{line - bisect_left(gone, line)}{raw[named.end() :]}"


def naming(texts: Sequence[str | None], ids: Numbers) -> set[int]:
    """Return the positions of the texts that name one of these persons."""
    encoded = [plain_digits((text or "").encode()) for text in texts]
    if not encoded:
        return set()
    ends = np.cumsum([len(text) + 1 for text in encoded])
    starts, values = numbers_in(b"\n".join(encoded))
    return set(np.searchsorted(ends, starts[np.isin(values, ids)], side="right").tolist())
