"""The pages people read: one a month and table, and an index of all that were ever validated.

The tables on them are rendered by Great Expectations. The page around them is our own, as the library's takes its style,
its icons and its scripts from the network: these pages need nothing but themselves.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaPageView

from santander.quality.report import RecordedResult
from santander.quality.rules import Severity
from santander.schema.months import Month
from santander.storage.places import Place, whole_file

_TEMPLATES = Path(__file__).parent / "templates"


class _MonthView(DefaultJinjaPageView):
    _template = "month.j2"

    def __init__(self) -> None:
        super().__init__(custom_views_directory=str(_TEMPLATES))


@dataclass(frozen=True, slots=True)
class Page:
    """One month of one table as the library validated it."""

    table: str
    month: Month
    found: ExpectationSuiteValidationResult


@dataclass(frozen=True, slots=True)
class _Suite:
    """One line of the index, and the head of a page."""

    table: str
    month: Month
    rules: int
    critical: list[RecordedResult]
    warnings: list[RecordedResult]
    validated_at: dt.datetime

    @property
    def href(self) -> str:
        return f"{self.table}/{self.month}.html"


def write_pages(folder: Place, pages: Sequence[Page], quality: Iterable[RecordedResult]) -> None:
    """Write the page of each month validated now and the index; ``quality`` are all rows of that table."""
    suites = _suites(quality)
    view, renderer = _MonthView(), ValidationResultsPageRenderer()
    for page in pages:
        suite = suites[page.month, page.table]
        document = renderer.render(page.found)
        # the first section is the library's own head, which leads to pages that are not made here
        document.sections = document.sections[1:]
        html = view.render(document, suite=suite)  # type: ignore[no-untyped-call]
        _write(folder / page.table / f"{page.month}.html", html)
    template = view.env.get_template("index.j2")
    _write(folder / "index.html", template.render(suites=[suites[key] for key in sorted(suites, reverse=True)]))


def _write(place: Place, text: str) -> None:
    with whole_file(place) as file:
        file.write(text.encode())


def _suites(quality: Iterable[RecordedResult]) -> dict[tuple[Month, str], _Suite]:
    suites: dict[tuple[Month, str], _Suite] = {}
    grouped: dict[tuple[Month, str], list[RecordedResult]] = {}
    for row in quality:
        grouped.setdefault((row.month, row.table), []).append(row)
    for (month, table), rows in grouped.items():
        broken = [row for row in rows if not row.passed]
        suites[month, table] = _Suite(
            table,
            month,
            len(rows),
            [row for row in broken if row.severity is Severity.CRITICAL],
            [row for row in broken if row.severity is Severity.WARNING],
            max(row.validated_at for row in rows),
        )
    return suites
