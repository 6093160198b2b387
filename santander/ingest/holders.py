"""Landing files that each month of ``customers`` comes from now, by the table ``ingestions``."""

from collections.abc import Iterable, Sequence

from santander.lake.ingestions import Ingestion
from santander.schema.months import Month


def last_ingestions(ingestions: Iterable[Ingestion]) -> dict[str, list[Ingestion]]:
    """Per month, in order, the rows of ``ingestions`` that the last one to replace the month wrote, one for each of its files.

    What was merged into the month since is in ``merges_since``.
    """
    last: dict[str, list[Ingestion]] = {}
    for row in _in_order(row for row in ingestions if not row.is_merge):
        others = last.get(row.month, [])
        same = bool(others) and others[0].ingestion_id == row.ingestion_id
        last[row.month] = [*others, row] if same else [row]
    return last


def merges_since(ingestions: Iterable[Ingestion]) -> dict[str, list[Ingestion]]:
    """Per month, in order, the rows of ``ingestions`` of the replays after the last ingestion that replaced the month.

    Together with ``last_ingestions`` they are the state of a month: it has the rows kept then and those inserted since.
    """
    merges: dict[str, list[Ingestion]] = {}
    for row in _in_order(ingestions):
        if row.is_merge:
            merges.setdefault(row.month, []).append(row)
        else:
            merges.pop(row.month, None)
    return merges


def _in_order(ingestions: Iterable[Ingestion]) -> list[Ingestion]:
    return sorted(ingestions, key=lambda row: (row.month, row.ingested_at, row.ingestion_id))


def holders_by_month(ingestions: Sequence[Ingestion]) -> dict[Month, list[Ingestion]]:
    """Return per month the rows of the last ingestion that replaced it, then those of the merges and replays since."""
    dated = [row for row in ingestions if row.is_dated]
    last, merges = last_ingestions(dated), merges_since(dated)
    return {Month.parse(month): [*last.get(month, []), *merges.get(month, [])] for month in sorted({*last, *merges})}


def brings_rows(row: Ingestion) -> bool:
    """Whether a file gave the month customers of its own: a replay that only corrected rows did not."""
    return not row.is_merge or bool(row.inserted)


def files_of(rows: Iterable[Ingestion]) -> set[str]:
    """Return the fingerprints of the files of some rows of ``ingestions``."""
    return {row.file_sha256 for row in rows}
