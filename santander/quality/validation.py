"""Validate months: count their figures, let Great Expectations judge them, record the results and write their pages."""

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from santander.config.family_files import own_families
from santander.engine.memory.budget import VALIDATE
from santander.engine.startup import import_great_expectations
from santander.lake.family_tables import family_tables
from santander.lake.lake import Lake
from santander.quality import figures as count
from santander.quality import past
from santander.quality.declaration import SUITES, suite
from santander.quality.family_suite import family_figures, family_rules
from santander.quality.figures import month_before
from santander.quality.own_suites import OwnSuite, own_suites
from santander.quality.report import RecordedResult, RuleResult, ValidationReport, warning_lines
from santander.quality.rules import PRODUCTS_DELIVERED, ROWS, ROWS_BEFORE, MonthFigures
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, QUALITY, Table
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.counting import counted
from santander.schema.features import HISTORY_MONTHS
from santander.schema.months import Month
from santander.schema.own_family import OwnFamily

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.quality.own_validation import OwnResults, OwnValidator

log = logging.getLogger(__name__)

TABLES = (CUSTOMERS, FEATURES_TABLE)

Gather = Callable[["Settings", Lake, Sequence[Month], dict[Month, int]], list[MonthFigures]]
"""The figures of some months of one table; the last argument has the rows of every month of ``customers``."""


def validate(settings: "Settings", lake: Lake, months: Sequence[Month], tables: Sequence[str] | None = None) -> ValidationReport:
    """Validate these months of ``customers``, ``features`` and the tables of families, or of the tables named, as far as they go.

    Replaces the months' rows of the table ``quality`` and their pages; warnings are logged. A broken rule raises nothing
    here: ``raise_if_critical`` of the report does. Raises InputError for a month that ``customers`` does not have.
    """
    rows = lake.rows_by_month(CUSTOMERS)
    lake.require_customers(months)
    families = _families(lake, tables)
    everything = (*TABLES, *(family.table for family in families))
    chosen = [table for table in everything if tables is None or table.name in tables]
    suites = {name: suite for name, suite in own_suites().items() if name in {table.name for table in chosen}}
    if suites:
        lake.start_engine()  # Great Expectations takes the session that is open, and would start one of its own
    own = _validators(suites)
    gather = _FIGURES | {family.table.name: partial(_family_figures, family) for family in families}
    gathered: list[MonthFigures] = []
    versions: dict[str, int] = {}
    for table in chosen:
        versions[table.name] = lake.version(table) or 0
        present = lake.rows_by_month(table)
        of_table = {month: present[month] for month in set(months) & set(present)}
        for together in lake.budget.batches(VALIDATE, of_table):
            gathered += gather[table.name](settings, lake, together, rows)
    found = {
        (name, month): results
        for name, validator in own.items()
        for month, results in validator.validate(lake, _months_of(gathered, name), settings.expectations)
    }
    return _judge(settings, lake, gathered, versions, found, families)


def _families(lake: Lake, tables: Sequence[str] | None) -> list[OwnFamily]:
    """Return the families among these tables whose table is as their file declares it; of the others a warning says why not."""
    if tables is not None and {*tables} <= {table.name for table in TABLES}:
        return []
    declared = {family.table.name: family for family in own_families()}
    found = []
    for table in family_tables(lake):
        if tables is not None and table.name not in tables:
            continue
        if (family := declared.get(table.name)) is None:
            log.warning("%s: not validated, as no file of a family declares its rules any more", table.name)
        elif table.columns != family.table.columns:
            remedy = f"'santander features --family {family.name}' makes it anew"
            log.warning("%s: not validated, as %s declares other columns by now: %s", table.name, family.file, remedy)
        else:
            found.append(family)
    return found


def _validators(suites: Mapping[str, OwnSuite]) -> dict[str, "OwnValidator"]:
    """Whoever runs the suites of the user, by table, made before anything is counted: what the library refuses is said then."""
    if not suites:
        return {}
    import_great_expectations()
    from santander.quality.own_validation import OwnValidator

    return {name: OwnValidator(suite) for name, suite in suites.items()}


def _months_of(gathered: Sequence[MonthFigures], table: str) -> dict[Month, int]:
    return {figures.month: figures.counts[ROWS] for figures in gathered if figures.table == table}


def _judge(
    settings: "Settings",
    lake: Lake,
    gathered: Sequence[MonthFigures],
    versions: dict[str, int],
    own: Mapping[tuple[str, Month], "OwnResults"],
    families: Sequence[OwnFamily],
) -> ValidationReport:
    import_great_expectations()
    from santander.quality.data_docs import Page, write_pages
    from santander.quality.expectations import Validator, passed_by_rule
    from santander.quality.own_validation import with_own_results

    validator = Validator()
    rules = {table: suite(table, settings.quality) for table in SUITES}
    rules |= {family.table.name: family_rules(family) for family in families}
    results: list[RuleResult] = []
    pages: list[Page] = []
    for figures in gathered:
        judged = [rule.judge(figures, settings.quality) for rule in rules[figures.table]]
        judgements = [judgement for judgement in judged if judgement is not None]
        found = validator.validate(figures, judgements)
        passed = passed_by_rule(found)
        of_user = own.get((figures.table, figures.month))
        pages.append(Page(figures.table, figures.month, with_own_results(found, of_user.shown) if of_user else found))
        for judgement in judgements:
            held = passed[judgement.rule.name]
            results.append(
                RuleResult(
                    figures.month,
                    figures.table,
                    judgement.rule.name,
                    judgement.rule.severity,
                    held,
                    0 if held else judgement.offending,
                    judgement.checked,
                    f"{judgement.observed}, expected {judgement.expected}",
                )
            )
        results += of_user.rows if of_user else ()
    report = ValidationReport(tuple(results), versions, dt.datetime.now(dt.UTC), settings.data / "quality")
    _record(lake, report)
    write_pages(report.data_docs, pages, map(RecordedResult.of, lake.rows(QUALITY)))
    for line in warning_lines(report.warnings):
        log.warning("%s", line)
    log.info(
        "quality: %s for %s: %s critical, %s",
        counted(len(results), "result"), counted(len(report.months), "month"), len(report.critical),
        counted(len(report.warnings), "warning"),
    )  # fmt: skip
    return report


def _record(lake: Lake, report: ValidationReport) -> None:
    import pyarrow as pa

    from santander.schema.types import arrow_schema

    if not report.results:
        return
    rows = pa.Table.from_pylist(report.rows(), schema=arrow_schema(QUALITY.columns))
    frame = lake.session.createDataFrame(rows)
    months = ", ".join(f"'{month}'" for month in report.months)
    tables = ", ".join(f"'{name}'" for name in sorted({result.table for result in report.results}))
    lake.replace_where(QUALITY, frame, f"month IN ({months}) AND `table` IN ({tables})", rows_meant=rows.num_rows)


def _customers_figures(settings: "Settings", lake: Lake, months: Sequence[Month], rows: dict[Month, int]) -> list[MonthFigures]:
    names = [column.name for column in PROFILE_COLUMNS[2:]]
    counted = count.row_figures(lake, CUSTOMERS, months, suite(CUSTOMERS.name, settings.quality))
    surplus = count.surplus_rows(lake, CUSTOMERS, months)
    payroll = count.payroll_without_pension(lake, months, rows)
    people = month_before(lake, months, rows)
    ingested, excused = past.ingested(lake, months), past.quarantined_values(lake, months)
    shares = past.null_shares(lake, names, past.months_compared(months))
    schema = _schema(lake, CUSTOMERS)
    gathered = []
    for month in months:
        counts = counted[month] | schema | ingested.get(month, {}) | people.get(month, {})
        counts["broken_key_unique"] = surplus.get(month, 0)
        counts[ROWS_BEFORE] = rows.get(month - 1, 0)
        known = counts["known_holdings"]
        delivered = counts.setdefault(PRODUCTS_DELIVERED, int(known > 0))
        counts["broken_holdings_delivered"] = counts["rows"] - known if delivered else known
        if month - 1 in rows:
            counts["broken_payroll_with_pension"] = payroll.get(month, 0)
        gathered.append(MonthFigures(CUSTOMERS.name, month, counts, past.earlier_null_shares(shares, month), excused[month]))
    return gathered


def _family_figures(
    family: OwnFamily, _: "Settings", lake: Lake, months: Sequence[Month], rows: dict[Month, int]
) -> list[MonthFigures]:
    return family_figures(family, lake, months, rows)


def _features_figures(settings: "Settings", lake: Lake, months: Sequence[Month], rows: dict[Month, int]) -> list[MonthFigures]:
    counted = count.row_figures(lake, FEATURES_TABLE, months, suite(FEATURES_TABLE.name, settings.quality))
    surplus = count.surplus_rows(lake, FEATURES_TABLE, months)
    lags = count.lags_off(lake, months, rows, HISTORY_MONTHS, settings.quality.lag_sample_rows)
    customers = count.in_customers(lake, months)
    schema = _schema(lake, FEATURES_TABLE)
    return [
        MonthFigures(
            FEATURES_TABLE.name,
            month,
            counted[month]
            | schema
            | customers[month]
            | lags.get(month, {})
            | {"rows_of_customers": rows[month], "broken_key_unique": surplus.get(month, 0)},
        )
        for month in months
    ]


def _schema(lake: Lake, table: Table) -> dict[str, int]:
    return {"columns": len(table.columns), "broken_schema": count.differing_columns(lake, table)}


_FIGURES: dict[str, Gather] = {CUSTOMERS.name: _customers_figures, FEATURES_TABLE.name: _features_figures}
