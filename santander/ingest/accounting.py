"""What an ingest counts, and when the counts refuse it."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from santander.errors import InputError
from santander.ingest.duplicates import REASON as DUPLICATE
from santander.ingest.duplicates import Duplicate, is_undamaged, number_of_bad_values
from santander.ingest.holders import last_ingestions
from santander.ingest.landing import LandingFile
from santander.ingest.staging import StagedFiles
from santander.lake.ingestions import REPLACE, UNKNOWN_MONTH, Ingestion
from santander.schema.catalogue import PARTITION
from santander.schema.months import Month

SHOWN = 4
"""Months that one line names."""


class MonthWouldShrink(InputError):
    """A month would be replaced by one with less than half its rows, or without its products; nothing was replaced."""


@dataclass(frozen=True, slots=True)
class MonthCount:
    """Lines of one month of one file: ``read = kept + quarantined_rows``."""

    file_index: int
    month: str
    quarantined: Mapping[str, int]
    """Quarantined rows by reason."""
    kept: int = 0
    rows_with_quarantined_values: int = 0
    bad_values: int = 0
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
        return self.rows_with_quarantined_values - self.undamaged

    @property
    def read(self) -> int:
        """Lines of the file that belong to the month."""
        return self.kept + self.quarantined_rows


def count_lines(staged: StagedFiles, duplicates: Sequence[Duplicate]) -> list[MonthCount]:
    """Count the staged lines per file and month; raises when the engine lost or doubled a line of a file.

    A month in which a file has no legal record at all, such as a mistyped year, is no month: its lines count as unknown.
    """
    values_of_line = (number_of_bad_values().alias("bad_values"), is_undamaged().alias("undamaged"))
    by = ("file_index", PARTITION, "row_month", "row_reason", *values_of_line)
    groups = staged.lines.groupBy(*by).count().toArrow().to_pylist()
    for group in groups:
        group["month"] = group["row_month"] or str(Month.of(group[PARTITION]))
    kept: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    quarantined: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)

    def count(place: tuple[int, str], rows: int, bad_values: int, *, undamaged: bool) -> None:
        kept[place].update(
            kept=rows,
            rows_with_quarantined_values=rows * (bad_values > 0),
            bad_values=rows * bad_values,
            undamaged=rows * undamaged,
        )

    for group in groups:
        if group["row_reason"] is None:
            count((group["file_index"], group["month"]), group["count"], group["bad_values"], undamaged=group["undamaged"])
    for duplicate in duplicates:
        place = (duplicate.file_index, duplicate.month)
        count(place, -1, duplicate.bad_values, undamaged=duplicate.undamaged)
        quarantined[place][DUPLICATE] += 1
    for group in groups:
        if group["row_reason"] is not None:
            known = (group["file_index"], group["month"]) in kept
            quarantined[group["file_index"], group["month"] if known else UNKNOWN_MONTH][group["row_reason"]] += group["count"]

    counts = [
        MonthCount(index, month, dict(quarantined.get((index, month), {})), **kept.get((index, month), Counter()))
        for index, month in sorted({*kept, *quarantined})
    ]
    for index, file in enumerate(staged.files):
        staged_lines = sum(count.read for count in counts if count.file_index == index)
        if staged_lines != file.lines:
            raise RuntimeError(f"{file.name} has {file.lines} records, {staged_lines} were staged")
    return counts


def markers(
    ingestion_id: str,
    files: Sequence[LandingFile],
    counts: Sequence[MonthCount],
    mode: str = REPLACE,
    inserted: Mapping[str, int] | None = None,
) -> list[Ingestion]:
    """The rows of ``ingestions`` that mark an ingestion as done.

    Of a replay ``inserted`` are the keys that each month gained, which go into the row of the first file that has the month.
    Any other ingestion gave the month every row it kept.
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
            rows_with_quarantined_values=count.rows_with_quarantined_values,
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
    """Lines of a month, its files together, as verbs show them: ``read = kept + quarantined``."""

    read: int
    kept: int
    quarantined: int
    rows_with_quarantined_values: int


def totals_by_month(counts: Iterable[MonthCount | Ingestion]) -> dict[str, MonthTotals]:
    """Return the totals of each month, ``unknown`` for lines whose date cannot be read."""
    months: dict[str, Counter[str]] = defaultdict(Counter)
    for each in counts:
        months[each.month].update(
            read=each.read,
            kept=each.kept,
            quarantined=each.quarantined_rows,
            rows_with_quarantined_values=each.rows_with_quarantined_values,
        )
    return {month: MonthTotals(**totals) for month, totals in months.items()}
