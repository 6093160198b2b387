"""The customers that the landing files hold, by the audit's own reading of them: one query a month, and what was left out."""

import logging
from collections.abc import Collection, Sequence
from itertools import groupby
from pathlib import Path

from santander.audit.deliveries import Delivery
from santander.audit.engine import Engine, literal, union
from santander.audit.landing_copy import CannotBeAudited, LandingCopy, ready_copy
from santander.audit.reading import OTHER_MONTH, read_lines
from santander.audit.rules import PROFILE
from santander.lake.ingestions import UNKNOWN_MONTH
from santander.storage.places import Place

log = logging.getLogger(__name__)

PROFILE_COLUMNS = ", ".join(field.name for field in PROFILE)
COLUMNS = f"customer_id, {PROFILE_COLUMNS}, holdings, unknown"
NOTHING = (
    f"SELECT CAST(NULL AS BIGINT) AS customer_id, {', '.join(f'CAST(NULL AS {f.sql_type}) AS {f.name}' for f in PROFILE)}, "
    "CAST(NULL AS INTEGER) AS holdings, CAST(NULL AS INTEGER) AS unknown WHERE false"
)
DUPLICATE = "duplicate_key"
ERASED = "erased"


_Ingestion = Sequence[tuple[Delivery, LandingCopy]]
"""The files of one ingestion that were read, in order."""


class Source:
    """The landing files in DuckDB. ``lost`` are those that changed or are gone: their months have no source."""

    def __init__(self, engine: Engine, null_spellings: Sequence[str]) -> None:
        self._engine = engine
        self._null_spellings = null_spellings
        self._read: list[tuple[Delivery, LandingCopy]] = []
        self.lost: list[tuple[Delivery, str]] = []
        engine.run("CREATE TABLE left_out (position INTEGER, line BIGINT, reason VARCHAR)")
        engine.run(
            "CREATE TABLE source_quarantine (position INTEGER, month VARCHAR, line BIGINT, scope VARCHAR, reason VARCHAR, "
            '"column" VARCHAR, text_hash UBIGINT)'
        )

    def read(self, deliveries: Sequence[Delivery], raw_folder: Place, months: Collection[str]) -> None:
        """Read the files of these deliveries, as far as they hold ``months``."""
        for delivery in deliveries:
            try:
                copy = ready_copy(delivery.file, delivery.sha256, raw_folder, self._engine.folder)
            except CannotBeAudited as error:
                self.lost.append((delivery, str(error)))
                log.warning("%s: %s", delivery.file, error)
                continue
            read_lines(self._engine, copy, _table(delivery), set(delivery.months) - set(months), self._null_spellings)
            self._read.append((delivery, copy))
            log.info("%s: read", Path(delivery.file).name)
            if copy.path.is_relative_to(self._engine.folder):
                copy.path.unlink()

    def has(self, month: str) -> bool:
        """Whether every file that holds the month was read."""
        return bool(self.deliveries(month)) and not any(month in lost.counts for lost, _ in self.lost)

    def deliveries(self, month: str) -> list[Delivery]:
        """The deliveries that were read and hold a month, or lines without a month (``unknown``)."""
        return [delivery for delivery, _ in self._read if month in delivery.counts]

    def settle(self, months: Collection[str], erased: Sequence[tuple[str, int]]) -> None:
        """Find the records that repeat a key, then list what the quarantine should hold.

        ``erased`` are lines, by sha256 and number, whose text was removed because their customer was.
        """
        self._leave_out_erased(erased)
        for month in sorted(months):
            groups = self._ingestions(month)
            for n, group in enumerate(groups):
                self._leave_out_duplicates(month, group, self._rows(month, groups[:n]))
        for delivery, _ in self._read:
            self._list_quarantine(delivery)

    def rows(self, month: str) -> str:
        """A query for the customers of a month: COLUMNS, one row a customer."""
        return self._rows(month, self._ingestions(month))

    def _rows(self, month: str, groups: Sequence[_Ingestion]) -> str:
        """The customers of the month after these ingestions of it."""
        query = NOTHING
        for group in groups:
            records = union([self._records(delivery, month) for delivery, _ in group], NOTHING)
            query = records if not group[0][0].merged else _merged(query, records, bare=not all(c.has_products for _, c in group))
        return f"({query})"

    def lines_read(self, delivery: Delivery, month: str) -> int:
        """Return the number of lines of a file that count under a month: those kept and those quarantined."""
        kept = self.kept(delivery, month)
        lost = self._engine.row(
            f"SELECT count(*) AS n FROM source_quarantine WHERE position = {delivery.position} AND scope = 'row' "
            f"AND month = {literal(month)}"
        )
        return kept + int(lost["n"])

    def kept(self, delivery: Delivery, month: str) -> int:
        """Return the number of lines of a file that are records of a month that were kept."""
        if month == UNKNOWN_MONTH:
            return 0
        return int(self._engine.row(f"SELECT count(*) AS n FROM ({self._records(delivery, month)})")["n"])

    def _ingestions(self, month: str) -> list[_Ingestion]:
        holding = [pair for pair in self._read if month in pair[0].counts]
        return [list(group) for _, group in groupby(holding, lambda pair: pair[0].ingestion_id)]

    def _records(self, delivery: Delivery, month: str) -> str:
        return f"SELECT {COLUMNS} FROM {self._lines(delivery, month)}"

    def _lines(self, delivery: Delivery, month: str) -> str:
        left_out = f"SELECT line FROM left_out WHERE position = {delivery.position}"
        return (
            f"(SELECT *, rowid + 1 AS line FROM {_table(delivery)} WHERE snapshot_date = {snapshot(month)} "
            f"AND rowid + 1 NOT IN ({left_out}))"
        )

    def _leave_out_erased(self, erased: Sequence[tuple[str, int]]) -> None:
        for delivery, _ in self._read:
            if lines := [(delivery.position, line, ERASED) for sha256, line in erased if sha256 == delivery.sha256]:
                self._engine.connection.executemany("INSERT INTO left_out VALUES (?, ?, ?)", lines)

    def _leave_out_duplicates(self, month: str, group: _Ingestion, before: str) -> None:
        """Of records with equal keys all but the first; of an ingestion that only added, all whose key was there ``before``."""
        there = before if _only_added(month, group) else f"({NOTHING})"
        lines = union(
            [f"SELECT customer_id, {d.position} AS position, line FROM {self._lines(d, month)}" for d, _ in group],
            "",
        )
        self._engine.run(f"""
            INSERT INTO left_out
            WITH lines AS ({lines}), there AS MATERIALIZED (SELECT customer_id FROM {there}),
            repeated AS (SELECT customer_id FROM lines GROUP BY customer_id HAVING count(*) > 1),
            ranked AS (SELECT position, line, row_number() OVER (PARTITION BY customer_id ORDER BY position, line) AS nth
              FROM lines WHERE customer_id IN (SELECT customer_id FROM repeated)
                AND customer_id NOT IN (SELECT customer_id FROM there)
              UNION ALL SELECT position, line, 2 FROM lines WHERE customer_id IN (SELECT customer_id FROM there))
            SELECT position, line, '{DUPLICATE}' FROM ranked WHERE nth > 1""")

    def _list_quarantine(self, delivery: Delivery) -> None:
        """Whole lines, repeated keys, and single values of the records that were kept; null for a text that was erased."""
        table, position = _table(delivery), delivery.position
        months = f"(SELECT DISTINCT strftime(snapshot_date, '%Y-%m') FROM {table} WHERE snapshot_date IS NOT NULL)"
        erased = f"SELECT line FROM left_out WHERE position = {position} AND reason = '{ERASED}'"
        surplus = f"SELECT line FROM left_out WHERE position = {position}"
        self._engine.run(f"""
            INSERT INTO source_quarantine
            SELECT {position}, CASE WHEN counted_month IN {months} THEN counted_month ELSE '{UNKNOWN_MONTH}' END,
              rowid + 1, 'row', reason, NULL, text_hash
            FROM {table} WHERE reason IS NOT NULL AND reason <> '{OTHER_MONTH}' AND rowid > 0 AND rowid + 1 NOT IN ({erased})
            UNION ALL
            SELECT {position}, coalesce(strftime(t.snapshot_date, '%Y-%m'), t.counted_month), l.line, 'row', l.reason, NULL,
              CASE WHEN l.reason <> '{ERASED}' THEN t.text_hash END
            FROM left_out l JOIN {table} t ON t.rowid + 1 = l.line WHERE l.position = {position}
            UNION ALL
            SELECT {position}, month, line, 'value', bad.reason, bad."column", bad.text_hash
            FROM (SELECT strftime(snapshot_date, '%Y-%m') AS month, rowid + 1 AS line, unnest(bad_values) AS bad FROM {table}
              WHERE bad_values IS NOT NULL AND rowid + 1 NOT IN ({surplus}))""")


def _only_added(month: str, group: _Ingestion) -> bool:
    """Whether no row of a merge had a key that was there: one of ``ingest --merge``, or a replay of new keys alone."""
    counts = [delivery.counts[month] for delivery, _ in group]
    return group[0][0].merged and sum(row.gained for row in counts) == sum(row.kept for row in counts)


def _merged(before: str, corrected: str, *, bare: bool) -> str:
    """Rows of a month after a replay: by key, corrected ones instead of those there were.

    A correction from a file without products (``bare``) leaves its customer the products there are.
    """
    if bare:
        corrected = (
            f"SELECT c.* REPLACE (coalesce(c.holdings, b.holdings) AS holdings, coalesce(c.unknown, b.unknown) AS unknown) "
            f"FROM ({corrected}) c LEFT JOIN ({before}) b USING (customer_id)"
        )
    return (
        f"SELECT * FROM ({before}) WHERE customer_id NOT IN (SELECT customer_id FROM ({corrected})) "
        f"UNION ALL SELECT * FROM ({corrected})"
    )


def snapshot(month: str) -> str:
    """The date of every record of a month, as SQL."""
    return f"DATE '{month}-28'"


def _table(delivery: Delivery) -> str:
    return f"lines_{delivery.position}"
