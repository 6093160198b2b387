"""A comparison as lines for people and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from santander.compare.folders import FolderComparison, Part, TableComparison, TrainingFigures, Verdict
from santander.compare.rows import DifferingRow, RowsDifference
from santander.schema.months import Month
from santander.schema.records import Inline

_NAME_WIDTH = 17


@dataclass(frozen=True)
class DifferencePayload:
    """What differs in the rows of a table or of a month of it."""

    only_here: int
    only_there: int
    columns: Mapping[str, int]
    """Rows in which a column differs, by column."""
    structure: Sequence[str]
    examples: Sequence[str]


@dataclass(frozen=True)
class NotCompared:
    """Why a month was not compared."""

    reason: str | None


@dataclass(frozen=True)
class PartPayload:
    """A table, or a month of it, that is not simply equal."""

    month: Month | None
    verdict: Verdict
    found: Inline[DifferencePayload | NotCompared]


@dataclass(frozen=True)
class TablePayload:
    """A table: its verdict, its rows where they were compared, and each month that is not simply equal."""

    verdict: Verdict
    rows_here: int
    rows_there: int
    unequal: Sequence[PartPayload]


@dataclass(frozen=True)
class ComparePayload:
    """The JSON object of ``compare``."""

    equal: bool
    tables: Mapping[str, TablePayload]
    training: Mapping[Month, TrainingFigures]


def payload(comparison: FolderComparison) -> ComparePayload:
    """Return the JSON object of ``compare``."""
    return ComparePayload(
        equal=comparison.equal,
        tables={table.name: _table_payload(table) for table in comparison.tables},
        training={figures.target: figures for figures in comparison.training},
    )


def lines(comparison: FolderComparison) -> Iterator[str]:
    """A line a table: its name and ``equal``, or what is said instead; what differs follows, a line a month."""
    for table in comparison.tables:
        yield f"{table.name:<{_NAME_WIDTH}} {_summary(table)}"
        for part in table.parts:
            if part.difference and not part.difference.equal:
                yield from _difference_lines(part, part.difference)
    for figures in comparison.training:
        yield (
            f"{'training':<{_NAME_WIDTH}} for {figures.target}: MAP@7 {figures.here:.6f} here, {figures.there:.6f} there, "
            f"{figures.relative_difference:.2%} apart"
        )


def _summary(table: TableComparison) -> str:
    if table.verdict is Verdict.DIFFERENT:
        differing = sum(part.verdict is Verdict.DIFFERENT for part in table.parts)
        return f"differs in {differing} of {len(table.parts)} months" if table.parts[0].month else "differs"
    reasons = sorted({part.reason for part in table.parts if part.reason})
    if reasons:
        months = ", ".join(str(part.month) for part in table.parts if part.reason)
        rest = f"; {Verdict.EQUAL} in the others" if any(part.verdict is Verdict.EQUAL for part in table.parts) else ""
        return f"{Verdict.NOT_COMPARED}: {' and '.join(reasons)} ({months}){rest}"
    return str(table.verdict)


def _difference_lines(part: Part, difference: RowsDifference) -> Iterator[str]:
    said = list(difference.structure)
    if difference.only_here:
        said.append(f"{_rows(difference.only_here)} only here")
    if difference.only_there:
        said.append(f"{_rows(difference.only_there)} only there")
    said += [f"{name} differs in {_rows(count)}" for name, count in difference.by_column.items()]
    yield f"  {f'{part.month}: ' if part.month else ''}{', '.join(said)}"
    for example in difference.examples:
        yield f"    {_example(example)}"


def _example(row: DifferingRow) -> str:
    key = ", ".join(f"{name} {_shown(value)}" for name, value in row.key.items())
    if not row.columns:
        return f"{key}: only {row.side}"
    return f"{key}: " + "; ".join(f"{name} {_shown(a)} here, {_shown(b)} there" for name, (a, b) in row.columns.items())


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return repr(value) if isinstance(value, str | float) else str(value)


def _table_payload(table: TableComparison) -> TablePayload:
    differences = [part.difference for part in table.parts if part.difference]
    return TablePayload(
        verdict=table.verdict,
        rows_here=sum(difference.rows_here for difference in differences),
        rows_there=sum(difference.rows_there for difference in differences),
        unequal=[_part_payload(part) for part in table.parts if part.verdict is not Verdict.EQUAL],
    )


def _part_payload(part: Part) -> PartPayload:
    found = part.difference
    if found is None:
        return PartPayload(part.month, part.verdict, NotCompared(part.reason))
    return PartPayload(
        part.month,
        part.verdict,
        DifferencePayload(
            only_here=found.only_here,
            only_there=found.only_there,
            columns=found.by_column,
            structure=found.structure,
            examples=[_example(example) for example in found.examples],
        ),
    )
