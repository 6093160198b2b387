"""How much was added in a month."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MonthAdded:
    """What was added in a month: customers with known products in it and in the month before, and additions by product bit."""

    customers: int
    additions: tuple[int, ...]
