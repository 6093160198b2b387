"""The table of additions recounted from the customers of the month and of the one before, and what was seen beside expected."""

from santander.audit.engine import Engine, literal
from santander.audit.features import ROWS_NAMED, Rows
from santander.audit.findings import Difference, Findings, there
from santander.audit.live import parquet
from santander.audit.rules import PRODUCTS
from santander.schema.months import Month


def compare_added(engine: Engine, findings: Findings, files: list[str], rows_of: Rows) -> None:
    """Compare the additions in ``files`` with a recount from ``rows_of`` both months: rows, each product, who added what."""
    month, before = rows_of(findings.month), rows_of(str(Month.parse(findings.month) - 1))
    nobody = "SELECT CAST(NULL AS BIGINT) AS customer_id, '' AS product WHERE false"
    due = nobody if month is None or before is None else _due(month, before)
    held = f"SELECT customer_id, product FROM {parquet(files)}" if files else nobody
    if findings.compare("additions table", _figures(engine, due), _figures(engine, held)):
        return
    rows = engine.rows(
        f"SELECT d.product AS source, h.product AS tables, coalesce(d.customer_id, h.customer_id) AS customer, "
        f"coalesce(d.product, h.product) AS product FROM ({due}) d FULL JOIN ({held}) h "
        "ON d.customer_id = h.customer_id AND d.product = h.product "
        f"WHERE d.product IS NULL OR h.product IS NULL ORDER BY customer, product LIMIT {ROWS_NAMED}"
    )
    findings.differences += [
        Difference(
            findings.month, "addition", row["product"], there(row["source"]), there(row["tables"]), f"customer {row['customer']}"
        )
        for row in rows
    ]


def compare_seen(engine: Engine, findings: Findings, files: list[str], rows_of: Rows) -> None:
    """Compare what ``expected_additions`` says was seen of each product with a recount; null where nobody counts."""
    month, before = rows_of(findings.month), rows_of(str(Month.parse(findings.month) - 1))
    seen: dict[str, int | None] = {name: None for _, name in PRODUCTS}
    if month is not None and before is not None and _anybody_counts(engine, month, before):
        counted = engine.rows(f"SELECT product, count(*) AS n FROM ({_due(month, before)}) GROUP BY product")
        seen = dict.fromkeys(seen, 0) | {row["product"]: row["n"] for row in counted}
    held = {row["product"]: row["seen"] for row in engine.rows(f"SELECT product, seen FROM {parquet(files)}")}
    for product in {**seen, **held}:
        findings.expect("expected_additions", f"seen of {product}", seen.get(product), held.get(product))


def _anybody_counts(engine: Engine, month: str, before: str) -> bool:
    both = f"FROM {month} m JOIN {before} b ON m.customer_id = b.customer_id"
    return bool(engine.row(f"SELECT count(m.holdings & b.holdings) > 0 AS known {both}")["known"])


def _due(month: str, before: str) -> str:
    """A query for who added what: a product held in the month and not in the one before, by who has a row in both."""
    masks = ", ".join(f"({literal(name)}, {1 << bit})" for bit, (_, name) in enumerate(PRODUCTS))
    return (
        f"SELECT m.customer_id, product FROM {month} m JOIN {before} b ON m.customer_id = b.customer_id "
        f"JOIN (VALUES {masks}) p(product, mask) ON (m.holdings & ~b.holdings & p.mask) <> 0"
    )


def _figures(engine: Engine, additions: str) -> dict[str, object]:
    return engine.row(
        "SELECT count(*) AS additions, count(DISTINCT customer_id) AS customers, sum(customer_id) AS 'sum of customer_id', "
        f"sum(hash(customer_id, product)) AS 'who added what', histogram(product) AS product FROM ({additions})"
    )
