"""Which landing files each month of ``customers`` comes from now, by what ``ingestions`` says."""

from collections.abc import Mapping, Sequence
from typing import Any

from santander.ingest.accounting import MERGE, last_ingestions, merges_since
from santander.ingest.cleaning import UNKNOWN_MONTH
from santander.schema.months import Month


def holders_by_month(ingestions: Sequence[Mapping[str, Any]]) -> dict[Month, list[Mapping[str, Any]]]:
    """Return per month the rows of the last ingestion that replaced it, then those of the merges and replays since."""
    last, merges = last_ingestions(ingestions), merges_since(ingestions)
    return {
        Month.parse(month): [*last.get(month, []), *merges.get(month, [])]
        for month in sorted(set(last) | set(merges))
        if month != UNKNOWN_MONTH
    }


def brings_rows(row: Mapping[str, Any]) -> bool:
    """Whether a file gave the month customers of its own: a replay that only corrected rows did not."""
    return row["mode"] != MERGE or bool(row["inserted"])


def files_of(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the fingerprints of the files of some rows of ``ingestions``."""
    return {row["file_sha256"] for row in rows}
