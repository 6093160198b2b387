"""Which tables have persons, and how they go: their rows, the files of earlier versions, and the log, which names them too.

An entry of the log holds the least and the greatest value of each column of a file, and that of a delete its predicate. So a
table from which a person went begins anew at a checkpoint, and no earlier version of it can be read any more. The same is done
where an old version, an orphan or an entry of the log alone names one; what nobody has is not rewritten.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from santander.forget.accounts import Accounts
from santander.forget.landing import LandingFiles
from santander.forget.online import held_online
from santander.forget.search import Trace, search
from santander.lake.family_tables import family_tables
from santander.lake.person_rows import count_rows
from santander.lake.table_files import delete_out_of_use, drop_entries_before
from santander.schema.catalogue import (
    ADDITIONS,
    CUSTOMERS,
    FEATURES_TABLE,
    INGESTIONS,
    OFFER_EXCLUSIONS,
    OFFERS,
    ONLINE_FEATURES,
    PREDICTIONS,
    QUARANTINE,
    RECOMMENDATIONS,
    STEP_RUNS,
    Table,
)
from santander.schema.counting import counted
from santander.storage.places import Place
from santander.suppression.spellings import Numbers

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake

log = logging.getLogger(__name__)


def leave_no_trace(settings: "Settings", lake: "Lake", table: Table) -> int:
    """Delete every file but those of the latest version, orphans too, and all entries of the log before it.

    Returns how many data files went. The retention is zero by intent: what it would keep is what has to go.
    """
    with lake.lock(table.name):
        delta = lake.writable(table)
        deleted = delete_out_of_use(delta, lake.place / table.name, retention_hours=0)
        delta = lake.delta(table)
        delta.alter.set_table_description(table.row)  # an entry of its own, so that the delete's own entry can go
        delta = lake.delta(table)
        delta.create_checkpoint()
        drop_entries_before(settings.data / "lake" / table.name / "_delta_log", delta.version())
    log.info("%s: %s of earlier versions deleted", table.name, counted(len(deleted), "file"))
    return len(deleted)


WITH_CUSTOMERS = (CUSTOMERS, FEATURES_TABLE, ADDITIONS, ONLINE_FEATURES, RECOMMENDATIONS, OFFERS, OFFER_EXCLUSIONS, PREDICTIONS)
"""Tables of the catalogue with a row, or several, for each customer."""
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
    with_customers = (*WITH_CUSTOMERS, *(table for table in family_tables(lake) if table.names_customers))
    there = [table for table in with_customers if lake.exists(table)]
    rows = {table.name: count_rows(lake, table, ids) for table in with_customers}
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
