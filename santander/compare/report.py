"""A comparison as lines for people and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from santander.compare.comparison import FolderComparison, Part, TableComparison, TrainingFigures, Verdict
from santander.compare.rows import RowsDifference
from santander.schema.counting import counted
from santander.schema.months import Month


@dataclass(frozen=True)
class TablePayload:
    """A table: its verdict, its rows where they were compared, and each month that is not simply equal."""

    verdict: Verdict
    rows_here: int
    rows_there: int
    unequal: Sequence[Part]


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
    width = max(len(table.name) for table in comparison.tables)
    for table in comparison.tables:
        yield f"{table.name:<{width}} {_summary(table)}"
        for part in table.parts:
            if part.difference and not part.difference.equal:
                yield from _difference_lines(part, part.difference)
    for figures in comparison.training:
        yield (
            f"{'training':<{width}} for {figures.target}: MAP@7 {figures.here:.6f} here, {figures.there:.6f} there, "
            f"{figures.relative_difference:.2%} apart"
        )


def _summary(table: TableComparison) -> str:
    if table.verdict is Verdict.DIFFERENT:
        differing = sum(part.verdict is Verdict.DIFFERENT for part in table.parts)
        return f"differs in {differing} of {len(table.parts)} months" if table.parts[0].month else "differs"
    reasons = sorted({part.reason for part in table.parts if part.reason})
    if reasons:
        months = ", ".join(str(part.month) for part in table.parts if part.reason and part.month)
        rest = f"; {Verdict.EQUAL} in the others" if any(part.verdict is Verdict.EQUAL for part in table.parts) else ""
        return f"{Verdict.NOT_COMPARED}: {' and '.join(reasons)}{f' ({months})' if months else ''}{rest}"
    return str(table.verdict)


def _difference_lines(part: Part, difference: RowsDifference) -> Iterator[str]:
    said = list(difference.structure)
    if difference.only_here:
        said.append(f"{counted(difference.only_here, 'row')} only here")
    if difference.only_there:
        said.append(f"{counted(difference.only_there, 'row')} only there")
    said += [f"{name} differs in {counted(count, 'row')}" for name, count in difference.columns.items()]
    yield f"  {f'{part.month}: ' if part.month else ''}{', '.join(said)}"
    yield from (f"    {example}" for example in difference.examples)


def _table_payload(table: TableComparison) -> TablePayload:
    differences = [part.difference for part in table.parts if part.difference]
    return TablePayload(
        verdict=table.verdict,
        rows_here=sum(difference.rows_here for difference in differences),
        rows_there=sum(difference.rows_there for difference in differences),
        unequal=[part for part in table.parts if part.verdict is not Verdict.EQUAL],
    )
