"""What ``ingestions`` and ``quarantine`` say of a month, against the lines of its files and the rows of ``customers``."""

from collections.abc import Sequence

from santander.audit.deliveries import Delivery, rows_meant
from santander.audit.engine import Engine, literal
from santander.audit.findings import Difference, Findings, there
from santander.audit.source import Source
from santander.lake.ingestions import UNKNOWN_MONTH, Ingestion

ROWS_NAMED = 5


def compare_ingestions(findings: Findings, ingestions: Sequence[Ingestion], rows_in_table: int) -> None:
    """Compare what was stated with itself and with the rows that are there: no landing file is needed."""
    for row in ingestions:
        if row.month == findings.month:
            stated = row.kept + row.quarantined_rows
            findings.expect("ingestions", "read = kept + quarantined", row.read, stated, _name(row.file))
    if findings.month != UNKNOWN_MONTH:
        findings.expect("ingestions", "rows of customers", rows_meant(ingestions, findings.month), rows_in_table)


def compare_lines(engine: Engine, findings: Findings, source: Source) -> None:
    """Compare the counts of every file that holds the month with its lines, and its quarantine entry by entry."""
    for delivery in source.deliveries(findings.month):
        stated = delivery.counts[findings.month]
        where = _name(delivery.file)
        with_values = engine.row(
            f"SELECT count(DISTINCT line) AS n FROM source_quarantine WHERE position = {delivery.position} "
            f"AND scope = 'value' AND month = {literal(findings.month)}"
        )["n"]
        read, kept = source.lines_read(delivery, findings.month), source.kept(delivery, findings.month)
        findings.expect("lines", "read", read, stated.read, where)
        findings.expect("lines", "kept", kept, stated.kept, where)
        findings.expect("lines", "quarantined rows", read - kept, stated.quarantined_rows, where)
        findings.expect("lines", "rows with quarantined values", with_values, stated.rows_with_quarantined_values, where)
        _compare_quarantine(engine, findings, delivery)


def _compare_quarantine(engine: Engine, findings: Findings, delivery: Delivery) -> None:
    source = _entries("source_quarantine", f"position = {delivery.position}", findings.month)
    tables = _entries("quarantine", f"file_sha256 = {literal(delivery.sha256)}", findings.month)
    left, right = _counts(engine, source), _counts(engine, tables)
    for what in sorted(set(left) | set(right)):
        findings.expect("quarantine", what, left.get(what, 0), right.get(what, 0), _name(delivery.file))
    findings.checks += 1
    for row in engine.rows(f"""
        SELECT coalesce(s.line, t.line) AS line, s.what AS s_what, t.what AS t_what
        FROM {source} s FULL JOIN {tables} t ON s.line = t.line AND s.what = t.what
        WHERE s.line IS NULL OR t.line IS NULL OR s.text_hash <> t.text_hash ORDER BY line LIMIT {ROWS_NAMED}"""):
        where = f"{_name(delivery.file)}, line {row['line']}"
        named = (findings.month, "quarantine entry", row["s_what"] or row["t_what"])
        both = row["s_what"] is not None and row["t_what"] is not None
        sides = ("the text delivered", "another text") if both else (there(row["s_what"]), there(row["t_what"]))
        findings.differences.append(Difference(*named, *sides, where))


def _entries(table: str, condition: str, month: str) -> str:
    what = "concat_ws(' ', scope, reason, \"column\")"
    return f"(SELECT line, {what} AS what, text_hash FROM {table} WHERE {condition} AND month = {literal(month)})"


def _counts(engine: Engine, entries: str) -> dict[str, int]:
    return {row["what"]: row["n"] for row in engine.rows(f"SELECT what, count(*) AS n FROM {entries} GROUP BY what")}


def _name(file: str) -> str:
    return file.rpartition("/")[2]
