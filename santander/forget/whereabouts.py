"""Whether anybody has these persons at all, and which tables do: what nobody has is not rewritten for their sake.

An old version, an orphan or an entry of a log that names a person has its table emptied as its rows would.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from santander.forget.accounts import Accounts
from santander.forget.landing import LandingFiles
from santander.forget.online import held_online
from santander.forget.removal import count_rows
from santander.forget.search import Trace, search
from santander.schema.catalogue import (
    ADDITIONS,
    CUSTOMERS,
    FEATURES_TABLE,
    INGESTIONS,
    ONLINE_FEATURES,
    QUARANTINE,
    RECOMMENDATIONS,
    STEP_RUNS,
    Table,
)
from santander.storage.places import Place
from santander.suppression.tokens import Numbers

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake

WITH_CUSTOMERS = (CUSTOMERS, FEATURES_TABLE, ADDITIONS, ONLINE_FEATURES, RECOMMENDATIONS)
"""Tables with a row, or several, for each customer."""
SPEAKING_OF_FILES = (QUARANTINE, INGESTIONS, STEP_RUNS)
"""Tables whose earlier versions speak of lines and files as they were."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Rows of the persons by table, the tables to be emptied of earlier versions, and what could not be looked at."""

    nowhere: bool
    rows: dict[str, int]
    tables: Sequence[Table] = ()
    left: list[str] = field(default_factory=list)


def look_around(settings: "Settings", lake: "Lake", ids: Numbers, found: LandingFiles, landing: Sequence[Place]) -> Whereabouts:
    """Look where these persons are, no further than needed: only of whom no table has a row is every file searched."""
    there = [table for table in WITH_CUSTOMERS if lake.exists(table)]
    rows = {table.name: count_rows(lake, table, ids) for table in WITH_CUSTOMERS}
    in_tables = any(rows.values())
    if lake.exists(QUARANTINE):
        rows[QUARANTINE.name] = Accounts(lake).scrub(ids)
    if in_tables:
        return Whereabouts(nowhere=False, rows=rows, tables=there)
    searched = search(settings, ids, landing)
    traces = searched.traces
    online, left = held_online(settings, lake, ids)
    held = any(rows.values()) or found.ours or any(looked for looked, _ in found.left) or traces or online
    if not held:
        # a file that was ingested and is gone held nobody of them: its lines went into these tables
        left = left + found.without_repeats(searched.closed)
    return Whereabouts(not held, rows, [table for table in there if _is_named(settings, table, traces)], left)


def _is_named(settings: "Settings", table: Table, traces: Sequence[Trace]) -> bool:
    folder = f"{settings.lake}/{table.name}/"
    return any(trace.file.startswith(folder) for trace in traces)
