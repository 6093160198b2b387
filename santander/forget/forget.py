"""Forget persons: suppression first, then every place there is, a search of all of them, and the audit row last.

A crash in between is ended by the same command run again; ids that are nowhere are suppressed all the same.
"""

import datetime as dt
import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from santander.forget.accounts import Accounts
from santander.forget.answers import erase_answers
from santander.forget.files import clean_files, clean_logs, clean_refused, remove_leftovers
from santander.forget.hiding import without_ids
from santander.forget.journal import Journal
from santander.forget.landing import LandingFiles, find_landing_files, rewrite_landing_files, settle_rewritten
from santander.forget.models import remove_examples, versions_trained_on
from santander.forget.online import erase_online
from santander.forget.search import Trace, search
from santander.forget.tables import SPEAKING_OF_FILES, leave_no_trace, look_around
from santander.forget.taking_up import ids_behind
from santander.lake.family_tables import all_tables, family_tables
from santander.lake.lake import Lake
from santander.lake.person_rows import delete_rows
from santander.lake.reading import in_months
from santander.ledger.step_ledger import StepLedger, stale_months
from santander.registry.runs import versions_named_by_models
from santander.schema.catalogue import (
    CUSTOMERS,
    ERASURES,
    FEATURES_TABLE,
    INGESTIONS,
    MONTH_PROFILES,
    PARTITION,
    PREDICTIONS,
    QUARANTINE,
    SUPPRESSIONS,
    Table,
)
from santander.schema.months import Month
from santander.schema.records import Inline
from santander.scoring.expected import note_seen
from santander.serving.snapshot.forgetting import forget_in_snapshots
from santander.storage.places import Place
from santander.suppression.spellings import Numbers, sorted_ids
from santander.suppression.suppression_list import SuppressionList, suppression_list

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Erasure:
    """What was done, or with a dry run would be; no id stands in it."""

    erasure_id: str | None
    customers: int
    unknown: int
    """How many of the customers had no row in ``customers``."""
    rows: dict[str, int]
    files: list[str]
    models: list[int]
    """Versions that were trained on months in which one of the persons had a row."""
    lost_versions: dict[str, list[int]] = field(default_factory=dict)
    """Versions of tables that registered models name and that can no longer be read."""
    stale: list[str] = field(default_factory=list)
    """Months whose features are out of date now: those that lost a row, and those built from them."""
    left: list[str] = field(default_factory=list)
    """What is left to the user, a line each."""
    traces: list[Trace] = field(default_factory=list)
    """Places where the search found one of the persons all the same."""
    aggregates: list[str] = field(default_factory=list)
    """Tables with figures of whole provinces or segments, of a user's families, which counted these persons."""
    taken_up: int = 0
    """How many of the customers are of an erasure that died, and not of those asked for."""
    nowhere: bool = False
    """None of them was in any table, file or store: they are suppressed and nothing else was touched."""

    def payload(self, *, dry_run: bool) -> "ForgetPayload":
        """The JSON object of ``forget``."""
        return ForgetPayload(dry_run, self)

    @property
    def complete(self) -> bool:
        """Whether no trace and nothing for the user is left."""
        return not self.left and not self.traces


@dataclass(frozen=True)
class ForgetPayload:
    """The JSON object of ``forget``: what was done, or with a dry run would be."""

    dry_run: bool
    erasure: Inline[Erasure]


def forget(settings: "Settings", customer_ids: Collection[int], landing: Sequence[Place], *, dry_run: bool = False) -> Erasure:
    """Remove these persons, and those of an erasure that did not end; persons found nowhere are only suppressed.

    Raises InputError when the key of an existing suppression list is missing, PersonsBusy while steps are at work.
    """
    lake, ids = Lake(settings), sorted_ids(customer_ids)
    for table in all_tables(lake):
        if lake.exists(table):
            lake.writable(table)  # a table that cannot be emptied is refused before anything is
    if dry_run:
        with lake.carrying_persons(), lake.lock("ingest"):
            return _foretell(settings, lake, ids, landing)
    with lake.forgetting_persons(), lake.lock("ingest"):
        return _forget(settings, lake, ids, landing)


def _foretell(settings: "Settings", lake: Lake, ids: Numbers, landing: Sequence[Place]) -> Erasure:
    journal = Journal.open(settings.state)
    everyone = _with_those_of(journal, settings, suppression_list(settings, lake), ids) if journal.died else ids
    found = find_landing_files(settings, lake, everyone, landing)
    where = look_around(settings, lake, everyone, found, landing)
    if where.nowhere and not journal.died:
        return Erasure(None, ids.size, ids.size, {}, [], [], left=where.left, nowhere=True)
    months, present = _whereabouts(lake, everyone)
    files = [str(looked.path) for looked in found.ours] + clean_files(settings, everyone, dry_run=True)
    files += clean_refused(settings, everyone, dry_run=True)
    files += clean_logs(settings, everyone, dry_run=True) + forget_in_snapshots(settings, lake, everyone, dry_run=True)
    left = found.without_repeats({}) + found.gone + where.left
    return Erasure(
        None, everyone.size, everyone.size - present, where.rows, files, versions_trained_on(settings, months),
        _lost(settings, where.tables), left=left, aggregates=_aggregates(lake, months), taken_up=everyone.size - ids.size,
    )  # fmt: skip


def _forget(settings: "Settings", lake: Lake, ids: Numbers, landing: Sequence[Place]) -> Erasure:
    journal = Journal.open(settings.state)
    suppressed = suppression_list(settings, lake, make_key=True)
    settle_rewritten(settings, lake, journal)
    everyone = _with_those_of(journal, settings, suppressed, ids) if journal.died else ids
    found = find_landing_files(settings, lake, everyone, landing)
    where = look_around(settings, lake, everyone, found, landing)
    if where.nowhere and not journal.died:
        _suppress(lake, suppressed, ids, journal)
        erase_answers(settings, lake, ids)  # one that was given while this looked
        erasure = Erasure(journal.erasure_id, ids.size, ids.size, {}, [], [], left=where.left, nowhere=True)
        journal.customers = ids.size
        _audit(lake, journal, erasure)
        return erasure
    journal.persons = sorted({*journal.persons, *map(suppressed.digest, everyone.tolist())})
    journal.customers = max(len(journal.persons), journal.customers)
    journal.save()
    _suppress(lake, suppressed, everyone, journal)
    return _remove(settings, lake, everyone, found, landing, where.tables, journal, taken_up=everyone.size - ids.size)


def _remove(
    settings: "Settings",
    lake: Lake,
    ids: Numbers,
    found: LandingFiles,
    landing: Sequence[Place],
    tables: Sequence[Table],
    journal: Journal,
    *,
    taken_up: int,
) -> Erasure:
    """Online stores first and tables last: an id that a crash leaves anywhere is in a table too."""
    months, present = _whereabouts(lake, ids)
    journal.months = sorted({*journal.months, *months})
    journal.models = sorted({*journal.models, *versions_trained_on(settings, journal.months)})
    journal.save()
    lost = _lost(settings, tables)
    if answers := erase_answers(settings, lake, ids):
        journal.count(PREDICTIONS.name, answers)
    stores, unreached = erase_online(settings, lake, ids)
    for store in stores:
        log.info("online store %s: withdrawn", store)
    journal.note(forget_in_snapshots(settings, lake, ids, dry_run=False))
    journal.note(remove_leftovers(settings))
    rewrite_landing_files(settings, lake, found, journal)
    _settle_accounts(lake, ids, found, journal)
    _empty_tables(settings, lake, ids, tables, journal)
    journal.note(clean_files(settings, ids, dry_run=False) + clean_refused(settings, ids, dry_run=False))
    removed, refused = remove_examples(settings) if tables else ([], [])
    journal.note(removed)
    journal.note(clean_logs(settings, ids, dry_run=False))
    journal.files = sorted({without_ids(file, ids) for file in journal.files})
    journal.save()
    searched = search(settings, ids, landing)
    traces = searched.traces
    said = found.without_repeats(searched.closed) + found.gone + unreached + refused
    stale = [str(month) for month in stale_months(lake, StepLedger(lake))[FEATURES_TABLE.name]]
    erasure = Erasure(
        journal.erasure_id, ids.size, ids.size - present, journal.rows, journal.files, journal.models, lost, stale, said, traces,
        aggregates=_aggregates(lake, journal.months), taken_up=taken_up,
    )  # fmt: skip
    if all(trace.remedy for trace in traces):
        _audit(lake, journal, replace(erasure, left=[without_ids(each, ids) for each in (*said, *map(str, traces))]))
    return erasure


def _with_those_of(journal: Journal, settings: "Settings", suppressed: SuppressionList, ids: Numbers) -> Numbers:
    """The ids, and those of the erasure that died which are still somewhere."""
    known = {suppressed.digest(each) for each in ids.tolist()} if suppressed.key else set()
    theirs = set(journal.persons) - known
    if not theirs:
        return ids
    log.info("an erasure of %s more customers did not end: taking it up again", len(theirs))
    return sorted_ids({*ids.tolist(), *ids_behind(settings, suppressed, theirs)})


def _suppress(lake: Lake, suppressed: SuppressionList, ids: Numbers, journal: Journal) -> None:
    """Put them on the list before anything is removed: from here on an ingest keeps them out, whatever happens."""
    digests = [suppressed.digest(each) for each in ids.tolist()]
    new = [digest for digest in digests if digest not in suppressed.digests]
    if new:
        lake.append_rows(SUPPRESSIONS, [{"digest": digest, "erasure_id": journal.erasure_id} for digest in new])


def _whereabouts(lake: Lake, ids: Numbers) -> tuple[list[str], int]:
    """The months in which one of them has a row, and how many of them have any."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not lake.exists(CUSTOMERS):
        return [], 0
    theirs = pc.field("customer_id").isin(pa.array(ids))
    rows = lake.delta(CUSTOMERS).to_pyarrow_dataset().to_table(columns=["customer_id", PARTITION], filter=theirs)
    months = pc.unique(pc.strftime(rows[PARTITION], "%Y-%m")).to_pylist() if rows.num_rows else []
    return sorted(months), len(pc.unique(rows["customer_id"]))


def _settle_accounts(lake: Lake, ids: Numbers, found: LandingFiles, journal: Journal) -> None:
    if not lake.exists(QUARANTINE):
        return
    accounts = Accounts(lake)
    for looked, _ in found.left:
        if looked is not None:
            accounts.hide(looked)
    touched = accounts.scrub(ids)
    accounts.save()
    journal.count(QUARANTINE.name, touched)


def _empty_tables(settings: "Settings", lake: Lake, ids: Numbers, tables: Sequence[Table], journal: Journal) -> None:
    for table in tables:
        # months that lose rows count as changed: medians of incomes in the features of others may have rested on them
        journal.count(table.name, delete_rows(lake, table, ids))
        leave_no_trace(settings, lake, table)
    note_seen(lake)
    _undescribe(settings, lake, journal)
    if lake.exists(INGESTIONS):
        accounts = Accounts(lake)
        accounts.settle_inserted()
        accounts.save()
    for table in SPEAKING_OF_FILES:
        if lake.exists(table):
            leave_no_trace(settings, lake, table)


def _undescribe(settings: "Settings", lake: Lake, journal: Journal) -> None:
    """Remove the figures of the months in which one of them had a row: 'describe' makes them anew of who is left."""
    months = {Month.parse(month) for month in journal.months} & set(lake.months(MONTH_PROFILES))
    if not months:
        return
    rows = lake.rows_by_month(MONTH_PROFILES)
    lake.delete_rows(MONTH_PROFILES, in_months(sorted(months)), sum(rows[month] for month in months))
    leave_no_trace(settings, lake, MONTH_PROFILES)


def _aggregates(lake: Lake, months: Sequence[str]) -> list[str]:
    """Names of the tables of figures, without ids, that reach into the months in which one of them had a row, or beyond."""
    tables = [table for table in family_tables(lake) if not table.names_customers]
    return [table.name for table in tables if months and (built := lake.months(table)) and str(built[-1]) >= months[0]]


def _lost(settings: "Settings", tables: Sequence[Table]) -> dict[str, list[int]]:
    """Versions that models name, of the tables whose earlier versions all go."""
    return {name: sorted(versions) for name, versions in versions_named_by_models(settings, list(tables)).items() if versions}


def _audit(lake: Lake, journal: Journal, erasure: Erasure) -> None:
    row = {
        "erasure_id": journal.erasure_id,
        "erased_at": dt.datetime.now(dt.UTC),
        "customers": journal.customers,
        "rows": json.dumps(journal.rows),
        "files": json.dumps({"changed": journal.files, "left": erasure.left}),
        "models": json.dumps(journal.models),
    }
    lake.append_rows(ERASURES, [row])
    journal.close()
