"""What an audit says: figures that were compared, and those that differ, for people and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from santander.schema.counting import counted


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


LINES_PER_CHECK = 5
"""How many differences of one check and month are shown to people; JSON has them all."""


@dataclass(frozen=True)
class AuditPayload:
    """The JSON object of ``audit``: per month the figures compared and the differences, and how many there are in all."""

    months: Mapping[str, Findings]
    checks: int
    differences: int
    features_not_compared: Sequence[str]
    """Features that the audit has no second opinion of."""


def payload(found: Sequence[Findings]) -> AuditPayload:
    """Return the JSON object of ``audit``."""
    return AuditPayload(
        months={one.month: one for one in found},
        checks=sum(one.checks for one in found),
        differences=sum(len(one.differences) for one in found),
        features_not_compared=_not_compared(found),
    )


def lines(found: Sequence[Findings]) -> Iterator[str]:
    """A line a month, the differences of the month below it, what it comes to, and what was not compared."""
    for one in found:
        verdict = f"{len(one.differences)} differences" if one.differences else "no difference"
        rows = "" if one.rows is None else f"{one.rows:>11,} rows"
        yield f"{one.month:<8} {rows:<16} {one.checks:>9,} figures   {verdict}"
        checks: dict[str, list[Difference]] = {}
        for difference in one.differences:
            checks.setdefault(difference.check, []).append(difference)
        for differences in checks.values():
            yield from (f"  {_line(difference)}" for difference in differences[:LINES_PER_CHECK])
            if len(differences) > LINES_PER_CHECK:
                yield f"  {differences[0].check}: {len(differences) - LINES_PER_CHECK} more"
    total = sum(len(one.differences) for one in found)
    checked = f"{counted(sum(one.checks for one in found), 'figure')} of {counted(len(found), 'month')} compared"
    yield f"{checked}: {counted(total, 'difference')}" if total else f"{checked}: no difference"
    if lacking := _not_compared(found):
        yield f"not compared, as the audit has no formula of its own for them: {', '.join(lacking)}"


def _not_compared(found: Sequence[Findings]) -> list[str]:
    """Features without a second opinion, each once."""
    return list(dict.fromkeys(name for one in found for name in one.not_compared))


def _line(difference: Difference) -> str:
    where = f" ({difference.where})" if difference.where else ""
    sides = f"source {difference.source}, tables {difference.tables}"
    return f"{difference.month} {difference.check}: {difference.column}{where}: {sides}"
