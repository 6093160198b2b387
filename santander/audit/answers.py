"""The answers of the service as the table ``predictions`` has them: each once, with products and chances that belong together."""

from collections.abc import Sequence

from santander.audit.engine import Engine, literal
from santander.audit.findings import Findings
from santander.audit.live import parquet

_MOST = 7


def compare_answers(engine: Engine, findings: Findings, files: Sequence[str]) -> None:
    """Compare the counts of the answers for the month with what they must be; there is no second source of them."""
    found = engine.row(
        f"SELECT count(*) AS rows, count(DISTINCT (log, sequence)) AS answers, "
        f"count(*) FILTER (len(products) <> len(chances)) AS uneven, "
        f"count(*) FILTER (len(products) > {_MOST} OR len(list_distinct(products)) <> len(products)) AS wrong "
        f"FROM {parquet(files)} WHERE month = {literal(findings.month)}"
    )
    findings.expect("predictions", "answers", found["answers"], found["rows"])
    findings.expect("predictions", "answers with other chances than products", 0, found["uneven"])
    findings.expect("predictions", f"answers with a product twice, or more than {_MOST}", 0, found["wrong"])
