"""What has to be made for a month, whole or in parts that share it."""

from dataclasses import dataclass

from santander.lake.stored_month import RowGroup, StoredMonth
from santander.schema.months import Month


@dataclass(frozen=True, slots=True)
class MonthWork:
    """One month: its files, and those of each month before that it looks back on, by how many months it lies back."""

    month: Month
    files: StoredMonth
    before: dict[int, StoredMonth]


@dataclass(frozen=True, slots=True)
class MonthPart:
    """A stretch of the rows of a month, the ``number``-th of at most ``parts`` of about the same size."""

    work: MonthWork
    number: int
    parts: int

    def row_groups(self) -> list[RowGroup]:
        """Return the row groups of the stretch: none where the month has fewer than there are parts."""
        stretches = self.work.files.stretches(self.parts)
        return stretches[self.number] if self.number < len(stretches) else []


def in_parts(work: MonthWork, rows: int, rows_at_most: int, parts_at_least: int) -> list[MonthPart]:
    """Cut a month of so many rows into parts of ``rows_at_most`` rows, or more of them."""
    parts = max(-(-rows // rows_at_most), parts_at_least, 1)
    return [MonthPart(work, number, parts) for number in range(parts)]
