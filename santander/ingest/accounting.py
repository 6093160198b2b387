"""What an ingest counts, and when the counts refuse it."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from santander.errors import InputError
from santander.ingest.bad_values import is_undamaged, number_of_bad_values
from santander.ingest.duplicates import REASON as DUPLICATE
from santander.ingest.duplicates import Duplicate
from santander.ingest.holders import last_ingestions
from santander.ingest.landing import LandingFile
from santander.lake.ingestions import REPLACE, UNKNOWN_MONTH, Ingestion
from santander.schema.catalogue import PARTITION
from santander.schema.months import Month

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


SHOWN = 4
"""Months that one line names."""


class MonthWouldShrink(InputError):
    """A month would be replaced by one with less than half its rows, or without its products; nothing was replaced."""


@dataclass(frozen=True, slots=True)
class MonthCount:
    """Lines of one month of one file: ``read = kept + quarantined_rows``."""

    file_index: int
    month: str
    kept: int
    rows_with_bad_values: int
    bad_values: int
    quarantined: Mapping[str, int]
    """Quarantined rows by reason."""
    undamaged: int = 0
    """Rows with bad values that are no damage of the file, such as the text of an empty profile."""

    @property
    def is_dated(self) -> bool:
        """Whether these lines belong to a month, not to those whose date cannot be read."""
        return self.month != UNKNOWN_MONTH

    @property
    def quarantined_rows(self) -> int:
        """Lines that did not become a row of customers."""
        return sum(self.quarantined.values())

    @property
    def damaged(self) -> int:
        """Kept rows that lost a value to a damage of the file."""
        return self.rows_with_bad_values - self.undamaged

    @property
    def read(self) -> int:
        """Lines of the file that belong to the month."""
        return self.kept + self.quarantined_rows


def count_lines(staged: "DataFrame", files: Sequence[LandingFile], duplicates: Sequence[Duplicate]) -> list[MonthCount]:
    """Count the staged lines per file and month; raises when the engine lost or doubled a line of a file.

    A month in which a file has no legal record at all, such as a mistyped year, is no month: its lines count as unknown.
    """
    values_of_line = (number_of_bad_values().alias("bad_values"), is_undamaged().alias("undamaged"))
    by = ("file_index", PARTITION, "row_month", "row_reason", *values_of_line)
    groups = [_of_month(group) for group in staged.groupBy(*by).count().toArrow().to_pylist()]

    kept: Counter[tuple[int, str]] = Counter()
    with_bad_values: Counter[tuple[int, str]] = Counter()
    values: Counter[tuple[int, str]] = Counter()
    without_damage: Counter[tuple[int, str]] = Counter()
    quarantined: dict[tuple[int, str], Counter[str]] = {}
    for group in groups:
        if group["row_reason"] is None:
            place = (group["file_index"], group["month"])
            kept[place] += group["count"]
            with_bad_values[place] += group["count"] if group["bad_values"] else 0
            values[place] += group["count"] * group["bad_values"]
            without_damage[place] += group["count"] if group["undamaged"] else 0
    for duplicate in duplicates:
        place = (duplicate.file_index, duplicate.month)
        kept[place] -= 1
        with_bad_values[place] -= duplicate.bad_values > 0
        values[place] -= duplicate.bad_values
        without_damage[place] -= duplicate.undamaged
        quarantined.setdefault(place, Counter())[DUPLICATE] += 1
    for group in groups:
        if group["row_reason"] is not None:
            known = (group["file_index"], group["month"]) in kept
            place = (group["file_index"], group["month"] if known else UNKNOWN_MONTH)
            quarantined.setdefault(place, Counter())[group["row_reason"]] += group["count"]

    counts = [
        MonthCount(
            index,
            month,
            kept[index, month],
            with_bad_values[index, month],
            values[index, month],
            dict(quarantined.get((index, month), {})),
            without_damage[index, month],
        )
        for index, month in sorted(set(kept) | set(quarantined))
    ]
    for index, file in enumerate(files):
        staged_lines = sum(count.read for count in counts if count.file_index == index)
        if staged_lines != file.lines:
            raise RuntimeError(f"{file.name} has {file.lines} records, {staged_lines} were staged")
    return counts


def _of_month(group: Mapping[str, Any]) -> Mapping[str, Any]:
    """A group of lines with the month they count under: that of the records, or what the lines that are none say."""
    return {**group, "month": group["row_month"] or str(Month.of(group[PARTITION]))}


def markers(
    ingestion_id: str,
    files: Sequence[LandingFile],
    counts: Sequence[MonthCount],
    mode: str = REPLACE,
    inserted: Mapping[str, int] | None = None,
) -> list[Ingestion]:
    """The rows of ``ingestions`` that mark an ingestion as done.

    Of a replay ``inserted`` says how many keys each month gained; the number stands in the row of the first file that has the
    month. Any other ingestion gave the month every row it kept.
    """
    now = dt.datetime.now(dt.UTC)
    gained = dict(inserted or {})
    return [
        Ingestion(
            ingestion_id=ingestion_id,
            file=files[count.file_index].name,
            file_sha256=files[count.file_index].sha256,
            month=count.month,
            has_products=files[count.file_index].has_products,
            read=count.read,
            kept=count.kept,
            quarantined_rows=count.quarantined_rows,
            rows_with_quarantined_values=count.rows_with_bad_values,
            ingested_at=now,
            mode=mode,
            inserted=count.kept if inserted is None else gained.pop(count.month, 0),
        )
        for count in counts
    ]


def check_products(ingestions: Sequence[Ingestion], files: Sequence[LandingFile], counts: Sequence[MonthCount]) -> None:
    """Refuse to replace a month that has products by one without: its labels would be gone."""
    present = {month: any(row.has_products for row in rows) for month, rows in last_ingestions(ingestions).items()}
    delivered = {count.month for count in counts if count.is_dated and files[count.file_index].has_products}
    bare = sorted({count.month for count in counts if count.is_dated} - delivered)
    losing = [month for month in bare if present.get(month)]
    if losing:
        raise MonthWouldShrink(
            f"would lose the products there are now, nothing was replaced (--allow-shrink): {', '.join(losing)}"
        )


def shrunken(present: Mapping[Month, int], kept: Mapping[Month, int]) -> list[Month]:
    """Return the months that would have less than half the rows they have now."""
    return [month for month, rows in kept.items() if rows * 2 < present.get(month, 0)]


def check_shrink(present: Mapping[Month, int], kept: Mapping[Month, int]) -> None:
    """Refuse to replace a month by one with less than half its rows."""
    losing = [f"{month} from {present[month]} to {kept[month]} rows" for month in shrunken(present, kept)]
    if losing:
        raise MonthWouldShrink(f"would shrink by more than half, nothing was replaced (--allow-shrink): {', '.join(losing)}")


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """Lines of a month, its files together, as ``ingest`` and a replay show them: ``read = kept + quarantined``."""

    read: int = 0
    kept: int = 0
    quarantined: int = 0
    rows_with_quarantined_values: int = 0


def totals_by_month(counts: Sequence[MonthCount]) -> dict[str, MonthTotals]:
    """Return the totals of each month, ``unknown`` for lines whose date cannot be read."""
    months: dict[str, list[MonthCount]] = {}
    for count in counts:
        months.setdefault(count.month, []).append(count)
    return {
        month: MonthTotals(
            read=sum(count.read for count in of_month),
            kept=sum(count.kept for count in of_month),
            quarantined=sum(count.quarantined_rows for count in of_month),
            rows_with_quarantined_values=sum(count.rows_with_bad_values for count in of_month),
        )
        for month, of_month in months.items()
    }
