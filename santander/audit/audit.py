"""The audit: every month's figures once from the landing files and once from the tables, a month at a time."""

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from santander.audit import live
from santander.audit.additions import compare_added, compare_seen
from santander.audit.answers import compare_answers
from santander.audit.customers import compare_additions, compare_customers, compare_holdings
from santander.audit.deliveries import deliveries_of
from santander.audit.engine import Engine, open_engine
from santander.audit.families import compare_family
from santander.audit.features import LAGS, compare_features, compare_recommendations, define_macros
from santander.audit.findings import Findings
from santander.audit.ledger import compare_ingestions, compare_lines
from santander.audit.offers import OfferFiles, compare_offers
from santander.audit.profiles import compare_profiles
from santander.audit.source import ERASED, Source
from santander.config.offer_rules import offer_rules
from santander.errors import InputError, SantanderError
from santander.lake.family_tables import family_tables
from santander.lake.ingestions import UNKNOWN_MONTH, read_ingestions
from santander.lake.lake import Lake
from santander.schema.catalogue import (
    ADDITIONS,
    CUSTOMERS,
    EXPECTED_ADDITIONS,
    FEATURES_TABLE,
    INGESTIONS,
    MONTH_PROFILES,
    OFFER_EXCLUSIONS,
    OFFERS,
    PREDICTIONS,
    QUARANTINE,
    RECOMMENDATIONS,
    STEP_RUNS,
)
from santander.schema.months import Month, in_spans
from santander.suppression.objections import objectors

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)

_BY_MONTH = (CUSTOMERS, FEATURES_TABLE, ADDITIONS, RECOMMENDATIONS, EXPECTED_ADDITIONS, MONTH_PROFILES, OFFERS, OFFER_EXCLUSIONS)
_READ = (*_BY_MONTH, QUARANTINE, INGESTIONS)
"""PREDICTIONS is not among them: a service may add to it at any time, and what it had at first is what is audited."""


class Audit:
    """One audit. ``one_in`` says of how many customers one has all features compared; None: everybody in small months.

    With ``tables_only`` the tables are held against each other and no landing file is read. Raises InputError for a data
    folder in a bucket.
    """

    def __init__(self, settings: "Settings", *, tables_only: bool = False, one_in: int | None = None) -> None:
        if settings.in_bucket:
            raise InputError(
                f"{settings.data_dir}: the audit reads local folders only", hint="copy the data folder and audit the copy"
            )
        self._settings = settings
        self._lake = Lake(settings)
        self._tables_only = tables_only
        self._one_in = one_in
        self._families = family_tables(self._lake)
        self._read = (*_READ, *self._families)
        self._versions = {table.name: self._lake.version(table) for table in self._read}
        self._ingestions = read_ingestions(self._lake)
        self._files = {table.name: live.files_by_month(self._lake, table) for table in (*_BY_MONTH, *self._families)}
        self._answers = live.files(self._lake, PREDICTIONS)
        self._added = {row["month"] for row in self._lake.rows(STEP_RUNS) if row["step"] == ADDITIONS.name}

    @property
    def present(self) -> list[Month]:
        """Months that there is anything to say of: those ingested, and those that a table has."""
        named = {row.month for row in self._ingestions if row.is_dated}
        return [Month.parse(month) for month in sorted(named.union(*self._files.values()))]

    def run(self, months: Sequence[Month]) -> list[Findings]:
        """Return the findings of each month, and last of lines without a month where there are any.

        Raises InputError for a month that is not there, and SantanderError when a table was written meanwhile.
        """
        if absent := [str(month) for month in months if month not in self.present]:
            raise InputError(
                f"nothing to audit in {', '.join(absent)}: neither ingested nor in a table",
                month=absent[0],
                hint=f"there are {in_spans(self.present) or 'no months yet'}",
            )
        memory = self._settings.audit.memory
        with self._lake.lock("audit"), open_engine(self._settings.state / "audit", memory) as engine:
            define_macros(engine)
            source = Source(engine, self._settings.ingest.null_spellings)
            if not self._tables_only:
                self._read_source(engine, source, months)
            found = [self._month(engine, source, str(month)) for month in months]
            if source.deliveries(UNKNOWN_MONTH):
                undated = Findings(UNKNOWN_MONTH)
                compare_ingestions(undated, self._ingestions, 0)
                compare_lines(engine, undated, source)
                found.append(undated)
        if changed := [table.name for table in self._read if self._lake.version(table) != self._versions[table.name]]:
            raise SantanderError(
                f"{', '.join(changed)} changed while they were audited", hint="run it again when no other run writes"
            )
        return found

    def _read_source(self, engine: Engine, source: Source, months: Sequence[Month]) -> None:
        """Read the landing files as far as the months and those before them, which their lags need, are in them."""
        wanted = {str(month - lag) for month in months for lag in (0, *LAGS)}
        source.read(deliveries_of(self._ingestions, wanted), self._settings.data / "raw", wanted)
        live.load_quarantine(engine, self._lake)
        erased = engine.rows(f"SELECT file_sha256, line FROM quarantine WHERE reason = '{ERASED}'")
        source.settle(wanted, [(row["file_sha256"], row["line"]) for row in erased])

    def _month(self, engine: Engine, source: Source, month: str) -> Findings:
        started = time.monotonic()
        findings = Findings(month)
        for lost, reason in source.lost:
            if month in lost.counts:
                findings.expect("source", lost.file, "as ingested", f"cannot be audited from its source: {reason}")
        there = self._table_rows(month)
        findings.rows = 0 if there is None else engine.row(f"SELECT count(*) AS n FROM {there}")["n"]
        compare_ingestions(findings, self._ingestions, findings.rows or 0)
        if source.has(month):
            compare_lines(engine, findings, source)
            if there is not None:
                compare_customers(engine, findings, source.rows(month), there)
                self._compare_additions(engine, findings, source, there)
        elif there is not None:
            compare_holdings(engine, findings, there)
        self._compare_made(engine, findings, source)
        log.info("%s: %s figures, %.1f s", month, f"{findings.checks:,}", time.monotonic() - started)
        return findings

    def _compare_additions(self, engine: Engine, findings: Findings, source: Source, there: str) -> None:
        before = str(Month.parse(findings.month) - 1)
        there_before = self._table_rows(before)
        if source.has(before) and there_before is not None:
            sides = (source.rows(findings.month), source.rows(before)), (there, there_before)
            compare_additions(engine, findings, *sides)

    def _compare_made(self, engine: Engine, findings: Findings, source: Source) -> None:
        """Compare what was made from customers, with the source where it could be read, else with the table."""

        def rows_of(month: str) -> str | None:
            return source.rows(month) if source.has(month) else self._table_rows(month)

        if files := self._files[FEATURES_TABLE.name].get(findings.month):
            rule = self._settings.audit
            one_in = self._one_in or (1 if (findings.rows or 0) < rule.compare_all_below else rule.one_in)
            compare_features(engine, findings, files, rows_of, one_in)
        for family in self._families:
            if files := self._files[family.name].get(findings.month):
                compare_family(engine, findings, family, files, rows_of, self._files[CUSTOMERS.name])
        files = self._files[ADDITIONS.name].get(findings.month, [])
        if files or findings.month in self._added:  # a month in which nobody added anything has no file
            compare_added(engine, findings, files, rows_of)
        if files := self._files[RECOMMENDATIONS.name].get(findings.month):
            compare_recommendations(engine, findings, files, rows_of)
        if files := self._files[EXPECTED_ADDITIONS.name].get(findings.month):
            compare_seen(engine, findings, files, rows_of)
        self._compare_profiles(engine, findings)
        if files := self._files[OFFERS.name].get(findings.month):
            both = OfferFiles(files, self._files[OFFER_EXCLUSIONS.name].get(findings.month, []))
            compare_offers(
                engine, findings, both, rows_of, self._shipped_rules(findings), self._objecting(engine, findings.month)
            )

        if self._answers:
            compare_answers(engine, findings, self._answers)

    def _compare_profiles(self, engine: Engine, findings: Findings) -> None:
        if files := self._files[MONTH_PROFILES.name].get(findings.month):
            described = {table.name: self._files[table.name].get(findings.month, []) for table in (CUSTOMERS, FEATURES_TABLE)}
            before = self._files[CUSTOMERS.name].get(str(Month.parse(findings.month) - 1), [])
            compare_profiles(engine, findings, files, described, before)

    def _shipped_rules(self, findings: Findings) -> list[str]:
        """Names of the rules in force that stand as they ship; the findings name the others as not compared."""
        rules = offer_rules(self._settings)
        findings.not_compared += [f"offer_exclusions of rule {rule.name}" for rule in rules if not rule.ships]
        return [rule.name for rule in rules if rule.ships]

    def _objecting(self, engine: Engine, month: str) -> set[int]:
        listed, there = objectors(self._settings, self._lake), self._table_rows(month)
        if not listed or there is None:
            return set()
        return listed.among(row["customer_id"] for row in engine.rows(f"SELECT customer_id FROM {there}"))

    def _table_rows(self, month: str) -> str | None:
        files = self._files[CUSTOMERS.name]
        return live.customers(files, month) if month in files else None
