"""One line of an ablation table; the tables on a terminal, as csv and as Markdown."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from santander.evaluation.by_product import share
from santander.schema.months import Month
from santander.schema.records import plain
from santander.storage.places import Place, whole_file
from santander.training.recipe import Recipe

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class AblationRow:
    """One step judged on one month. Shares, gains and bounds are fractions; None where there is nothing to divide by.

    ``gain`` is the change of MAP@7 against the row ``after``, with 95 % bounds, which a hidden month has not.
    """

    month: Month
    step: str
    after: str | None
    is_recipe: str | None
    """The recipe of ``conf`` that the step is, if it is one that was asked for."""
    map7: float
    ceiling: float | None
    oracle: float | None
    gain: float | None
    gain_lower: float | None
    gain_upper: float | None
    rounds: int | None
    columns: int | None
    fit_months: tuple[Month, ...]
    seconds: float

    ALSO_WRITTEN: ClassVar = ("share_of_ceiling", "share_of_oracle")

    @property
    def share_of_ceiling(self) -> float | None:
        """MAP@7 as a share of the best there can be."""
        return share(self.map7, self.ceiling)

    @property
    def share_of_oracle(self) -> float | None:
        """MAP@7 as a share of what knowing the chances reaches."""
        return share(self.map7, self.oracle)

    def parameters(self, recipe: Recipe) -> dict[str, Any]:
        """Parameters of the row, as a run names them."""
        return {
            "step": self.step,
            "after": self.after or "none",
            "judged_on": str(self.month),
            "kind": recipe.kind,
            "months": " ".join(map(str, self.fit_months)),
            **{f"settings.{name}": value for name, value in recipe.model_settings.model_dump(mode="json").items()},
        }


_TEXT = "step"
_CAPTION = "of ceiling, of oracle: MAP@7 as a share. gain: of MAP@7 against the row of that number, with 95 % bounds. s: fitting"


def _by_month(rows: Sequence[AblationRow]) -> Iterator[tuple[Month, list[AblationRow]]]:
    return ((month, list(of_month)) for month, of_month in groupby(rows, key=lambda row: row.month))


def tables_of(rows: Sequence[AblationRow]) -> "list[Table]":
    """A table for each judged month."""
    from rich.table import Table

    tables = []
    for month, of_month in _by_month(rows):
        table = Table(title=_title(month, of_month), caption=_CAPTION)
        headings, lines = _cells(of_month)
        for heading in headings:
            is_text = heading == _TEXT
            table.add_column(heading, justify="left" if is_text else "right", no_wrap=not is_text)
        for cells in lines:
            table.add_row(*cells)
        tables.append(table)
    return tables


def markdown_of(rows: Sequence[AblationRow]) -> str:
    """Return the tables as Markdown."""
    parts = []
    for month, of_month in _by_month(rows):
        headings, cells = _cells(of_month)
        lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}", *(f"| {' | '.join(each)} |" for each in cells)]
        parts += [_title(month, of_month), "\n".join(lines)]
    return "\n\n".join([*parts, _CAPTION]) + "\n"


def csv_of(rows: Sequence[AblationRow]) -> str:
    """Every figure as it is, a line a row."""
    text = io.StringIO()
    figures = [{**plain(row), "fit_months": " ".join(map(str, row.fit_months))} for row in rows]
    writer = csv.DictWriter(text, list(figures[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(figures)
    return text.getvalue()


def write_reports(folder: Place, name: str, rows: Sequence[AblationRow]) -> list[Place]:
    """``<name>.md`` and ``<name>.csv`` in the folder."""
    written = []
    for ending, text in (("md", markdown_of(rows)), ("csv", csv_of(rows))):
        path = folder / f"{name}.{ending}"
        with whole_file(path) as file:
            file.write(text.encode())
        written.append(path)
    return written


def _title(month: Month, rows: Sequence[AblationRow]) -> str:
    first = rows[0]
    if first.ceiling is None:
        return f"{month}, additions hidden: expected by the chances of the bank, oracle {first.oracle:.6f}"
    oracle = "" if first.oracle is None else f", oracle {first.oracle:.6f}"
    return f"{month}: ceiling {first.ceiling:.6f}{oracle}"


def _cells(rows: Sequence[AblationRow]) -> tuple[list[str], list[list[str]]]:
    """Headings and lines; a column that says nothing of the month is left out."""
    number = {row.step: str(position) for position, row in enumerate(rows, start=1)}
    columns = {
        "#": list(number.values()),
        _TEXT: [f"{row.step} = recipe {row.is_recipe}" if row.is_recipe else row.step for row in rows],
        "to": [number[row.after] if row.after else "" for row in rows],
        "MAP@7": [f"{row.map7:.6f}" for row in rows],
        "of ceiling": [_written(row.share_of_ceiling, ".3f") for row in rows],
        "of oracle": [_written(row.share_of_oracle, ".3f") for row in rows],
        "gain": [_written(row.gain, "+.2%") for row in rows],
        "95 %": [_bounds(row) for row in rows],
        "rounds": [_written(row.rounds, "d") for row in rows],
        "columns": [_written(row.columns, "d") for row in rows],
        "s": [f"{row.seconds:.0f}" for row in rows],
    }
    filled = {heading: cells for heading, cells in columns.items() if any(cells)}
    return list(filled), [list(line) for line in zip(*filled.values(), strict=True)]


def _bounds(row: AblationRow) -> str:
    if row.gain_lower is None or row.gain_upper is None:
        return ""
    return f"{row.gain_lower * 100:+.2f} to {row.gain_upper * 100:+.2f}"


def _written(figure: float | None, form: str) -> str:
    return "" if figure is None else format(figure, form)
