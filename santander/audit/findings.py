"""What an audit says: figures that were compared, and those that differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of one month that the source and the tables do not agree on.

    ``check`` is the family of the figure, ``column`` what it is about, and ``where`` the row that was found, if one was.
    """

    month: str
    check: str
    column: str
    source: Any
    tables: Any
    where: str | None = None


@dataclass(slots=True)
class Findings:
    """What was compared of one month, and what differs; ``rows`` are the customers of the source."""

    month: str
    rows: int | None = None
    checks: int = 0
    differences: list[Difference] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)
    """Features of the month that this audit has no second opinion of."""
    not_recomputed: str | None = None
    """Why the month was not recomputed from its landing files."""

    def compare(self, check: str, source: Mapping[str, Any], tables: Mapping[str, Any]) -> bool:
        """Compare figures by name, a figure that is a mapping value by value; whether all are equal."""
        before = len(self.differences)
        for name in source:
            for label, left, right in _spread(name, source[name], tables[name]):
                self.checks += 1
                if left != right:
                    self.differences.append(Difference(self.month, check, label, left, right))
        return len(self.differences) == before

    def expect(self, check: str, column: str, source: Any, tables: Any, where: str | None = None) -> None:
        """Compare one figure."""
        self.checks += 1
        if source != tables:
            self.differences.append(Difference(self.month, check, column, source, tables, where))


def _spread(name: str, source: Any, tables: Any) -> Iterator[tuple[str, Any, Any]]:
    if not isinstance(source, dict) and not isinstance(tables, dict):
        yield name, source, tables
        return
    left, right = source or {}, tables or {}
    for value in sorted(set(left) | set(right), key=str):
        yield f"{name} = {value}", left.get(value, 0), right.get(value, 0)


def there(value: object | None) -> str:
    """Whether a side has a row, as a difference says it."""
    return "missing" if value is None else "there"
