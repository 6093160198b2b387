"""Months, the unit of all work: which a table holds, and which a command line asks for. A snapshot is dated the 28th."""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from santander.errors import InputError

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

SNAPSHOT_DAY = 28
_WRITTEN = re.compile(r"([0-9]{4})-([0-9]{2})")


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A calendar month, written ``2015-06``; ``Month(2015, 6) + 1`` is July."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 12:
            text = f"{self.year}-{self.number:02d}"
            raise InputError(f"{text} is not a month", example=text, hint="the second part must be 01 to 12")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``YYYY-MM``; raise InputError for anything else."""
        written = _WRITTEN.fullmatch(text.strip())
        if not written:
            raise InputError(f"'{text}' is not a month", example=text, hint="write it like 2015-06")
        return cls(int(written[1]), int(written[2]))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> "CoreSchema":
        """How pydantic reads a month: from its text."""
        from pydantic_core.core_schema import no_info_plain_validator_function

        return no_info_plain_validator_function(lambda value: value if isinstance(value, cls) else cls.parse(value))

    @classmethod
    def of(cls, day: dt.date) -> Self:
        """The month a day lies in."""
        return cls(day.year, day.month)

    @property
    def snapshot(self) -> dt.date:
        """The date every record of the month carries."""
        return dt.date(self.year, self.number, SNAPSHOT_DAY)

    @property
    def index(self) -> int:
        """Months since year 0: differences of two indexes are whole months."""
        return self.year * 12 + self.number - 1

    def __add__(self, months: int) -> "Month":
        year, zero_based = divmod(self.index + months, 12)
        return Month(year, zero_based + 1)

    def __sub__(self, months: int) -> "Month":
        return self + -months

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"


def month_range(first: Month, last: Month) -> list[Month]:
    """All months from first to last, both included; raise InputError when last lies before first."""
    if last < first:
        raise InputError(
            f"the range {first} to {last} is empty: --to lies before --from", hint="write the earlier month after --from"
        )
    return [first + step for step in range(last.index - first.index + 1)]


def missing_between(months: Collection[Month]) -> list[Month]:
    """Months that lie between the first and the last of ``months`` and are not among them."""
    return [month for month in month_range(min(months), max(months)) if month not in months] if months else []


def in_spans(months: Iterable[Month]) -> str:
    """Months as text, those in a row as a span: ``2015-01, 2015-03 to 2015-06``."""
    spans: list[list[Month]] = []
    for month in sorted(months):
        if spans and spans[-1][-1] + 1 == month:
            spans[-1].append(month)
        else:
            spans.append([month])
    return ", ".join(f"{span[0]} to {span[-1]}" if len(span) > 1 else str(span[0]) for span in spans)


MISTYPED_SHARE = 0.001
"""A first or last month with a smaller share of the rows of the largest is a mistyped date. No setting: no bank grows a
thousandfold in a month, and mistyped months hold a few rows."""


def full_months(rows: Mapping[Month, int]) -> list[Month]:
    """Months with enough rows to be meant, in order."""
    return sorted(month for month, n in rows.items() if n and n >= MISTYPED_SHARE * max(rows.values()))


def missing_months(rows: Mapping[Month, int]) -> list[Month]:
    """Months without a row between the first and the last that are meant; a mistyped date far off leaves no gap."""
    return [month for month in missing_between(full_months(rows)) if not rows.get(month)]


def missing_line(missing: list[Month]) -> str:
    """Return a line that names the missing months, the consequence and the remedy."""
    return (
        f"no customers of {in_spans(missing)}, between months that are there: features that look back on them have nulls there, "
        "and additions of the month after are not known; ingest their landing files"
    )


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
