"""Months, the unit of all work. A snapshot is always dated the 28th of its month."""

import datetime as dt
import re
from collections.abc import Collection, Iterable
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
