"""What a comparison of two data folders comes to: a verdict on each table and month, and what differs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from santander.compare.rows import RowsDifference
from santander.schema.months import Month
from santander.schema.records import Inline


class Verdict(StrEnum):
    """What a comparison says of one table, or of one month of it."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_COMPARED = "not compared"
    EMPTY = "no rows on either side"


@dataclass(frozen=True, slots=True)
class Part:
    """One month of a table, or all of one that has no months (``month`` is None); ``reason`` is why it was not compared."""

    month: Month | None
    verdict: Verdict
    difference: Inline[RowsDifference | None] = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TableComparison:
    """One table: different when a part is, not compared when a part is not, empty when there are no parts."""

    name: str
    parts: Sequence[Part]

    @property
    def verdict(self) -> Verdict:
        """Return the verdict on the table as a whole."""
        said = {part.verdict for part in self.parts} or {Verdict.EMPTY}
        return next(
            verdict for verdict in (Verdict.DIFFERENT, Verdict.NOT_COMPARED, Verdict.EQUAL, Verdict.EMPTY) if verdict in said
        )


@dataclass(frozen=True, slots=True)
class TrainingFigures:
    """MAP@7 that the last training for one target month reached on either side; it never counts as a difference."""

    target: Month
    here: float
    there: float

    ALSO_WRITTEN: ClassVar = ("relative_difference",)

    @property
    def relative_difference(self) -> float:
        """Return the difference as a share of the value here; 0 when both are 0."""
        return abs(self.there - self.here) / abs(self.here) if self.here else float(self.there != 0)


@dataclass(frozen=True, slots=True)
class FolderComparison:
    """Everything that two data folders were compared by."""

    tables: Sequence[TableComparison]
    training: Sequence[TrainingFigures] = field(default=())

    @property
    def equal(self) -> bool:
        """Whether nothing that was compared differs."""
        return all(table.verdict is not Verdict.DIFFERENT for table in self.tables)
