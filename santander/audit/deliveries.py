"""Which landing files hold the months now, by what ``ingestions`` says of them.

A month holds what the last ingestion that replaced it took in, and what replays have merged into it since.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from santander.lake.ingestions import Ingestion


@dataclass(frozen=True, slots=True)
class Delivery:
    """One landing file in one ingestion, and what was counted then of each month that it still holds.

    ``position`` orders all deliveries: those of one ingestion as on its command line, and of equal keys the first stays.
    """

    position: int
    ingestion_id: str
    merged: bool
    """Whether its rows were merged by key into a month that was there, instead of replacing it."""
    file: str
    sha256: str
    counts: Mapping[str, Ingestion]
    """Rows of ``ingestions`` by month; ``unknown`` for lines without a readable date."""

    @property
    def months(self) -> list[str]:
        """The months it holds, in order."""
        return sorted(month for month, row in self.counts.items() if row.is_dated)


def deliveries_of(ingestions: Sequence[Ingestion], months: Collection[str]) -> list[Delivery]:
    """The deliveries that hold any of the months, with all the months each of them holds, in the order of precedence.

    Undated lines are counted with the last ingestion of their file, as the quarantine keeps only those.
    """
    holding = _holding(ingestions)
    last_of_file = {row.file_sha256: row.ingestion_id for row in _in_order(ingestions)}
    found: dict[tuple[str, str], dict[str, Ingestion]] = {}
    for row in _in_order(ingestions):
        if row.ingestion_id in (holding[row.month] if row.is_dated else (last_of_file[row.file_sha256],)):
            found.setdefault((row.ingestion_id, row.file_sha256), {})[row.month] = row
    kept = [counts for counts in found.values() if any(month in months for month in counts)]
    deliveries = []
    for position, counts in enumerate(kept):
        row = next(iter(counts.values()))
        deliveries.append(Delivery(position, row.ingestion_id, row.is_merge, row.file, row.file_sha256, counts))
    return deliveries


def rows_meant(ingestions: Sequence[Ingestion], month: str) -> int:
    """The rows that ``customers`` should have in a month: those that its last replacement kept and replays have added."""
    made_of = _holding(ingestions).get(month, [])
    return sum(
        row.gained if row.is_merge else row.kept for row in ingestions if row.month == month and row.ingestion_id in made_of
    )


def _holding(ingestions: Sequence[Ingestion]) -> dict[str, list[str]]:
    """Per month the ingestions that it is made of: the last replacement, then the merges after it."""
    holding: dict[str, list[str]] = {}
    for row in _in_order(ingestions):
        made_of = holding.setdefault(row.month, [])
        if row.ingestion_id in made_of:
            continue
        if row.is_merge:
            made_of.append(row.ingestion_id)
        else:
            holding[row.month] = [row.ingestion_id]
    return holding


def _in_order(ingestions: Iterable[Ingestion]) -> list[Ingestion]:
    """Return the rows by time; those of one ingestion keep the order in which they were appended, that of its files."""
    return sorted(ingestions, key=lambda row: (row.ingested_at, row.ingestion_id))
