"""Validate months of customers, features and own families, and write the pages of the results."""

from typing import TYPE_CHECKING, Any

from santander.cli.verb import FromOption, MonthOption, Outcome, ToOption, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.quality.report import ValidationReport


@verb
def validate(month: MonthOption = None, from_: FromOption = None, to: ToOption = None, *, settings: "Settings") -> Outcome:
    """Check months of customers, features and own families against the rules of docs/quality.md; all unless told otherwise.

    Results go to the table quality and to pages in DATA_DIR/quality. Ends with exit code 2 when a critical rule is broken.
    """
    from santander.config.family_files import own_families
    from santander.engine.session import open_session
    from santander.lake.lake import Lake
    from santander.quality.own_suites import own_suites
    from santander.quality.validation import validate as validate_months
    from santander.schema.catalogue import CUSTOMERS
    from santander.schema.months import AskedMonths

    own_suites()  # a broken file is refused before an engine is started
    own_families()
    asked = AskedMonths.read(month, from_, to)
    with open_session(settings) as session:
        lake = Lake(settings, session)
        months = asked.among(lake.months(CUSTOMERS))
        report = validate_months(settings, lake, months)
    return Outcome(report.payload(), [_table(report), f"pages: {report.data_docs / 'index.html'}"], error=report.complaint)


def _table(report: "ValidationReport") -> Any:
    from rich.table import Table

    table = Table("month", "table", "rules", "critical broken", "warnings")
    for column in table.columns[2:]:
        column.justify = "right"
    for counts in report.summary():
        table.add_row(*map(str, counts))
    return table
