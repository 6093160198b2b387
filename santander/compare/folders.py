"""Two data folders compared table by table, a month at a time, without an engine.

What counts as equal is in docs/adr/0011-what-equal-means.md. Left out everywhere: ids of runs, clocks, and where a landing
file lay, which its sha256 names better.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from santander.compare.comparison import FolderComparison, Part, TableComparison, TrainingFigures, Verdict
from santander.compare.rows import RowsDifference, compare_rows
from santander.compare.snapshots import compare_snapshots
from santander.compare.submissions import compare_submissions, submission_files
from santander.errors import InputError
from santander.ingest.holders import files_of, last_ingestions, merges_since
from santander.lake.family_tables import all_tables, family_tables
from santander.lake.ingestions import Ingestion
from santander.lake.lake import Lake
from santander.ledger.step_ledger import StepLedger
from santander.ledger.steps import ADDED, OFFER, SCORE
from santander.schema.catalogue import (
    ADDITIONS,
    CUSTOMERS,
    EXPECTED_ADDITIONS,
    FEATURES_TABLE,
    INGESTIONS,
    MONTH_PROFILES,
    OFFER_EXCLUSIONS,
    OFFERS,
    ONLINE_FEATURES,
    PARTITION,
    PREDICTIONS,
    QUARANTINE,
    RECOMMENDATIONS,
    Table,
)
from santander.schema.counting import counted
from santander.schema.months import Month
from santander.schema.records import record_of_row
from santander.schema.types import arrow_schema
from santander.training.trained import TRAIN

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from santander.config.settings import Settings

log = logging.getLogger(__name__)

SCORE_DISTANCE = 1e-6
"""Scores of one and the same booster may be this far apart."""
DOUBLE_DISTANCE = 1.001e-6
"""Features of a user's family that are doubles may differ by one in the sixth digit, to which they are rounded: engines add up
in other orders. A little more than 1e-6, as the difference of two doubles is."""
EXPECTED_DISTANCE = {"expected": 1.0, "low": 1.0, "high": 1.0}
"""Sums of chances of one and the same booster may be this far apart, and the bounds, whole numbers, by one."""
OTHER_MODEL = "scored by different models"
NEVER_MADE = "one side never made it: run 'santander features' there"
NEVER_DESCRIBED = "one side never described it: run 'santander describe' there"
NEVER_OFFERED = "one side made no offers: run 'santander run' there"
UNKNOWN_MODEL = "no record of the model that scored"
OTHER_ANSWERS = "answers that were given from one side alone"
_NOT_CONTENT = ("ingestion_id", "ingested_at", "file")


def compare_folders(here: "Settings", there: "Settings") -> FolderComparison:
    """Compare the tables and submissions of two data folders.

    Raises InputError when one of them holds no table, or when both are the same folder.
    """
    if here.lake == there.lake:
        raise InputError(f"{there.data_dir} is the data folder itself", hint="name another one to compare with")
    sides = _Side(here), _Side(there)
    recommendations = _by_month(
        sides, RECOMMENDATIONS, within={"score": SCORE_DISTANCE}, leave_out=["model_version"], unless=_other_model
    )
    tables = [
        _by_month(sides, CUSTOMERS),
        _whole(QUARANTINE, *(side.quarantine() for side in sides)),
        _whole(INGESTIONS, *(side.ingestions() for side in sides)),
        _by_month(sides, FEATURES_TABLE),
        *_families(sides),
        _by_month(sides, ADDITIONS, unless=_never_made),
        _by_month(sides, ONLINE_FEATURES),
        recommendations,
        _by_month(sides, EXPECTED_ADDITIONS, within=EXPECTED_DISTANCE, unless=_other_model),
        _by_month(sides, MONTH_PROFILES, where=pc.field("table") != RECOMMENDATIONS.name, unless=_not_described),
        *(_by_month(sides, each, within={"chance": SCORE_DISTANCE}, unless=_not_offered) for each in (OFFERS, OFFER_EXCLUSIONS)),
        _predictions(sides),
        _submissions(here, there, recommendations),
        *compare_snapshots(here, there, lambda month: _other_model(sides, month), SCORE_DISTANCE),
    ]
    return FolderComparison(tables, _training(sides))


class _Side:
    """One of the two folders, each table at the version it had when first read."""

    def __init__(self, settings: "Settings") -> None:
        self.lake = Lake(settings)
        if not any(self.lake.exists(table) for table in all_tables(self.lake)):
            raise InputError(
                f"{settings.data_dir} holds no tables: nothing to compare",
                file=settings.data_dir,
                hint="check its name, or fill it by 'santander run --data-dir FOLDER'",
            )
        self.ledger = StepLedger(self.lake)
        self._opened: dict[str, DeltaTable | None] = {}

    @cached_property
    def families(self) -> dict[str, Table]:
        """The tables of a user's families by name, each with the columns that it has on this side."""
        return {table.name: table for table in family_tables(self.lake)}

    def months(self, table: Table) -> list[Month]:
        return self.lake.months(table)

    def rows(self, table: Table, month: Month | None = None) -> pa.Table:
        """The rows of a month or of the whole table, none when it does not exist."""
        table = self.families.get(table.name, table)
        if table.name not in self._opened:
            self._opened[table.name] = self.lake.delta(table) if self.lake.exists(table) else None
        delta = self._opened[table.name]
        if delta is None:
            return arrow_schema(table.columns).empty_table()
        return delta.to_pyarrow_table(filters=[(PARTITION, "=", month.snapshot)] if month else None)

    def quarantine(self) -> pa.Table:
        """Return the quarantined lines and values, and whether a replay resolved each; by which replay does not count."""
        rows = self.rows(QUARANTINE)
        position = rows.column_names.index("resolved_by")
        resolved = pc.if_else(pc.is_valid(rows["resolved_by"]), "by a replay", None)
        return rows.set_column(position, "resolved_by", resolved.cast(pa.string()))

    def ingestions(self) -> pa.Table:
        """The counts that hold now: of each month its last ingestion's and later replays', of undated lines the file's last."""
        rows = [record_of_row(Ingestion, row) for row in self.rows(INGESTIONS).to_pylist()]
        dated = [row for row in rows if row.is_dated]
        holding = [row for state in (last_ingestions(dated), merges_since(dated)) for group in state.values() for row in group]
        for sha256 in sorted(files_of(rows)):
            undated = [row for row in rows if not row.is_dated and row.file_sha256 == sha256]
            holding += [row for group in last_ingestions(undated).values() for row in group]
        return pa.Table.from_pylist([row.row() for row in holding], schema=arrow_schema(INGESTIONS.columns))

    def model_of(self, month: Month) -> str | None:
        """The run id of the model that scored a month, None where that is not recorded."""
        scored = self.ledger.last(SCORE, month)
        return scored.result.run_id if scored else None


_Sides = tuple[_Side, _Side]


def _by_month(
    sides: _Sides,
    table: Table,
    *,
    within: Mapping[str, float] | None = None,
    leave_out: Sequence[str] = (),
    where: pc.Expression | None = None,
    unless: Callable[[_Sides, Month], str | None] = lambda _sides, _month: None,
) -> TableComparison:
    """Compare a monthly table month by month, only rows ``where`` is true; ``unless`` says why a month is not to be compared."""
    here, there = sides
    parts: list[Part] = []
    key = [name for name in table.key if name != PARTITION]
    for month in sorted(set(here.months(table)) | set(there.months(table))):
        if reason := unless(sides, month):
            parts.append(Part(month, Verdict.NOT_COMPARED, reason=reason))
            continue
        rows = [side.rows(table, month) if where is None else side.rows(table, month).filter(where) for side in sides]
        difference = compare_rows(rows[0], rows[1], key, within=within, leave_out=leave_out)
        parts.append(_part(month, difference))
    log.info("%s: %s compared", table.name, counted(len(parts), "month") if parts else "no month")
    return TableComparison(table.name, parts)


def _families(sides: _Sides) -> list[TableComparison]:
    """Compare the tables of families that either side has; rows that have other keys here than there are all different."""
    here, there = (side.families for side in sides)
    compared = []
    for name, table in sorted((there | here).items()):
        keys = [side[name].key[0] for side in (here, there) if name in side]
        if len(set(keys)) == 1:
            doubles = {column: DOUBLE_DISTANCE for column, type_ in table.columns if type_ == "double"}
            compared.append(_by_month(sides, table, within=doubles))
        else:
            rows_here, rows_there = (sum(side.lake.rows_by_month(table).values()) for side in sides)
            said = [f"rows of {keys[0]} here, of {keys[1]} there"]
            compared.append(TableComparison(name, [_part(None, RowsDifference(rows_here, rows_there, structure=said))]))
    return compared


def _whole(table: Table, here: pa.Table, there: pa.Table) -> TableComparison:
    """Compare a table without months; one that has no rows on either side says nothing."""
    log.info("%s: comparing", table.name)
    if not here.num_rows and not there.num_rows:
        return TableComparison(table.name, [])
    key = ("file_sha256", *(name for name in table.key if name not in {*_NOT_CONTENT, "file_sha256"}))
    return TableComparison(table.name, [_part(None, compare_rows(here, there, key, leave_out=_NOT_CONTENT))])


def _part(month: Month | None, difference: RowsDifference) -> Part:
    return Part(month, Verdict.EQUAL if difference.equal else Verdict.DIFFERENT, difference)


def _never_made(sides: _Sides, _month: Month) -> str | None:
    """Why additions cannot be compared: a folder of a release that did not write them has the same features without them."""
    return None if all(side.months(ADDITIONS) or side.ledger.has_run(ADDED) for side in sides) else NEVER_MADE


def _not_described(sides: _Sides, month: Month) -> str | None:
    """Why figures of a month cannot be compared: they are written when they are needed, so one side may not have them yet."""
    return None if all(month in side.months(MONTH_PROFILES) for side in sides) else NEVER_DESCRIBED


def _other_model(sides: _Sides, month: Month) -> str | None:
    """Why the lists of a month cannot be compared: not scored by one and the same model. A month of one side only differs."""
    if any(month not in side.months(RECOMMENDATIONS) for side in sides):
        return None
    models = {side.model_of(month) for side in sides}
    return UNKNOWN_MODEL if None in models else OTHER_MODEL if len(models) > 1 else None


def _not_offered(sides: _Sides, month: Month) -> str | None:
    """Why offers cannot be compared: a folder of a release that did not make them has the same lists without."""
    without = any(side.ledger.last(SCORE, month) and not side.ledger.has_run(OFFER) for side in sides)
    return NEVER_OFFERED if without else _other_model(sides, month)


def _predictions(sides: _Sides) -> TableComparison:
    """Compare the answers of the service by the logs of workers; those of logs that one side has alone are answers to others."""
    here, there = (side.rows(PREDICTIONS) for side in sides)
    log.info("%s: comparing", PREDICTIONS.name)
    common = pc.unique(here["log"].filter(pc.is_in(here["log"], there["log"].combine_chunks())))
    parts: list[Part] = []
    if common:
        both = [rows.filter(pc.is_in(rows["log"], common)) for rows in (here, there)]
        parts.append(_part(None, compare_rows(both[0], both[1], PREDICTIONS.key)))
    if any(pc.any(pc.invert(pc.is_in(rows["log"], common))).as_py() for rows in (here, there)):
        parts.append(Part(None, Verdict.NOT_COMPARED, reason=OTHER_ANSWERS))
    return TableComparison(PREDICTIONS.name, parts)


def _submissions(here: "Settings", there: "Settings", recommendations: TableComparison) -> TableComparison:
    """Submission files by their bytes, save those of months whose recommendations were not compared."""
    files = [submission_files(settings) for settings in (here, there)]
    reasons = {part.month: part.reason for part in recommendations.parts if part.verdict is Verdict.NOT_COMPARED}
    parts: list[Part] = []
    for month in sorted({*files[0], *files[1]}):
        if reason := reasons.get(month):
            parts.append(Part(month, Verdict.NOT_COMPARED, reason=reason))
        else:
            parts.append(_part(month, compare_submissions([side.get(month) for side in files])))
    return TableComparison("submissions", parts)


def _training(sides: _Sides) -> list[TrainingFigures]:
    """MAP@7 of the last training for each target month that both sides trained for and judged."""
    here, there = (
        {run.month: run.result.evaluation.map7 for run in side.ledger.runs_of(TRAIN) if run.result.evaluation is not None}
        for side in sides
    )
    return [TrainingFigures(month, here[month], there[month]) for month in sorted(set(here) & set(there))]
