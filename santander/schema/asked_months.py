"""The months that a command line asks for, and which of the months there are they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from santander.errors import InputError
from santander.schema.months import Month, in_spans, month_range


@dataclass(frozen=True, slots=True)
class AskedMonths:
    """The months that a command line asks for; read first of all, so that a mistyped one stops a verb before it does anything."""

    month: Month | None
    first: Month | None
    last: Month | None

    @classmethod
    def read(cls, month: str | None, first: str | None, last: str | None) -> Self:
        """Read --month, --from and --to. Raises InputError for what is no month, --month beside a range, and an empty range."""
        if month is not None and (first is not None or last is not None):
            raise InputError("--month stands alone", hint="leave out --from and --to")
        asked = cls(*(None if text is None else Month.parse(text) for text in (month, first, last)))
        if asked.first is not None and asked.last is not None:
            month_range(asked.first, asked.last)
        return asked

    @property
    def is_range(self) -> bool:
        """Whether --from or --to was given."""
        return self.first is not None or self.last is not None

    def among(self, present: Sequence[Month], remedy: str = "ingest a landing file") -> list[Month]:
        """The months to work on; an open end reaches to the first or last month present, no option means all that are present.

        Raises InputError when nothing is present to open the range to: ``remedy`` says what makes months present.
        """
        if self.month is not None:
            return [self.month]
        if not present and (self.first is None or self.last is None):
            raise InputError("there are no months yet", hint=f"{remedy} first")
        if self.first is not None and self.last is not None:
            return month_range(self.first, self.last)
        first, last = self.first or min(present), self.last or max(present)
        if not (months := [month for month in present if first <= month <= last]):
            side = f"from {self.first} on" if self.first else f"up to {self.last}"
            raise InputError(f"there are no months {side}", month=self.first or self.last, hint=f"there are {in_spans(present)}")
        return months
