"""The table ``ingestions`` as it is read."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from santander.lake.lake import Lake
from santander.schema.catalogue import INGESTIONS
from santander.schema.records import record_of_row

REPLACE, MERGE = "replace", "merge"
"""What an ingestion did to its months; a replay merges, and so does an ingest with --merge."""
UNKNOWN_MONTH = "unknown"
"""The month of lines whose date cannot be read."""


@dataclass(frozen=True, slots=True)
class Ingestion:
    """A row of ``ingestions``: one month of one landing file."""

    ingestion_id: str
    file: str
    file_sha256: str
    month: str
    has_products: bool
    read: int
    kept: int
    quarantined_rows: int
    rows_with_quarantined_values: int
    ingested_at: dt.datetime
    mode: str | None = REPLACE
    """None in a row of an earlier release, which only replaced."""
    inserted: int | None = None

    @property
    def is_dated(self) -> bool:
        """Whether these lines belong to a month, not to those whose date cannot be read."""
        return self.month != UNKNOWN_MONTH

    @property
    def is_merge(self) -> bool:
        """Whether rows were put into the month by key, instead of replacing it."""
        return self.mode == MERGE

    @property
    def gained(self) -> int:
        """Rows that the month gained."""
        return self.inserted or 0

    def row(self) -> dict[str, Any]:
        """The row of the table."""
        return asdict(self)


def read_ingestions(lake: Lake) -> list[Ingestion]:
    """Return the rows of the table; none where it does not exist."""
    return [record_of_row(Ingestion, row) for row in lake.rows(INGESTIONS)]
