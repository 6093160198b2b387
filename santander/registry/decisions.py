"""Decisions on who scores: the table promotions, what was meant and what was done."""

import datetime as dt
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from santander.config.settings import Settings
from santander.engine.startup import StoredVersion
from santander.errors import SantanderError, is_out_of_space, telling_line
from santander.lake.lake import Lake
from santander.registry.gate import Verdict
from santander.registry.tracking import open_tracking
from santander.registry.versions import NoChampion, registered
from santander.schema.catalogue import PROMOTIONS
from santander.schema.records import Inline, plain, plain_value, record_of_row


class Undecided(SantanderError):
    """Something kept the gate from deciding; the exit code is that of what it was."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{in_one_line(error)}; no version was promoted, the alias champion stays where it is")
        self.exit_code = error.exit_code if isinstance(error, SantanderError) else SantanderError.exit_code


@contextmanager
def failing_closed() -> Iterator[None]:
    """Say of any error on the way to a decision that nobody was promoted."""
    try:
        yield
    except Exception as error:
        if isinstance(error, Undecided | NoChampion) or is_out_of_space(error):
            raise
        raise Undecided(error) from error


def in_one_line(error: Exception) -> str:
    """An error in one line."""
    return str(error) if isinstance(error, SantanderError) else telling_line(error)


log = logging.getLogger(__name__)

DECISION = "champion"
"""The lock that whoever decides holds, from reading who is champion until the alias has moved."""
PROMOTED, VERDICT, PROMOTED_AT = "promoted", "verdict", "promoted_at"
"""Tags of a version."""
WAITING = "waiting"
"""What the tag ``promoted`` says of a version about which nothing was decided."""


class Action(StrEnum):
    """How a decision came about."""

    FIRST = "first"
    """There was no champion yet."""
    GATE = "gate"
    OVERRIDE = "override"
    """A person ordered it, whatever the gate would have said."""
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class Promotion:
    """What became of a version: promoted or not, by whom and why, and who was champion before. The JSON object of ``promote``."""

    action: Action
    version: int
    verdict: Inline[Verdict]
    champion_before: int | None

    ALSO_WRITTEN: ClassVar = ("champion",)

    @property
    def champion(self) -> int | None:
        """Champion after the decision: the one before where the version was refused."""
        return self.version if self.verdict.promoted else self.champion_before


@dataclass(frozen=True)
class DecisionRow:
    """A row of the table ``promotions``; figures are None where nothing was compared."""

    decided_at: dt.datetime
    model: str
    action: str
    version: int
    run_id: str
    promoted: bool | None
    """None while a promotion is only meant, False for a refusal."""
    reason: str
    champion_before: int | None
    champion_after: int | None
    contest: str | None = None
    gate_month: str | None = None
    map7: float | None = None
    champion_map7: float | None = None
    lower: float | None = None
    upper: float | None = None
    relative: float | None = None
    relative_lower: float | None = None
    relative_upper: float | None = None
    slices: str = "[]"
    """JSON."""
    contestants: str | None = None
    """JSON."""

    @property
    def is_only_meant(self) -> bool:
        """Whether a promotion was written down and never done: something kept the alias from moving."""
        return self.promoted is None

    def is_of(self, found: Mapping[int, StoredVersion]) -> bool:
        """Whether it is on a version that is registered: that may be deleted, or of another registry with the same numbers."""
        version = found.get(self.version)
        return version is not None and version.run_id == self.run_id

    def payload(self, found: Mapping[int, StoredVersion]) -> "DecisionPayload":
        """What ``models`` shows of it; ``found`` are the registered versions."""
        return DecisionPayload(
            row=replace(self, decided_at=self.decided_at.replace(microsecond=0)),
            slices=json.loads(self.slices),
            contestants=None if self.contestants is None else json.loads(self.contestants),
            state="meant" if self.is_only_meant else "done",
            registered=self.is_of(found),
        )


@dataclass(frozen=True)
class DecisionPayload:
    """A decision as ``models`` shows it: the row of the table, its slices and contestants not as text."""

    row: Inline[DecisionRow]
    slices: list[Mapping[str, Any]]
    contestants: Mapping[str, Any] | None
    state: str
    """``meant`` or ``done``."""
    registered: bool
    """Whether its version is registered here."""


def write_down(settings: Settings, lake: Lake, decision: Promotion) -> dt.datetime:
    """Put a decision into the table and return its moment. A promotion is only meant so far; a refusal is done."""
    version = open_tracking(settings).get_model_version(settings.mlflow.registered_model, str(decision.version))
    verdict = decision.verdict
    figures, contestants = verdict.figures, verdict.contestants
    row = DecisionRow(
        decided_at=dt.datetime.now(dt.UTC),
        model=settings.mlflow.registered_model,
        action=str(decision.action),
        version=decision.version,
        run_id=str(version.run_id),
        promoted=None if verdict.promoted else False,
        reason=verdict.reason,
        champion_before=decision.champion_before,
        champion_after=decision.champion,
        contest=None if verdict.contest is None else str(verdict.contest),
        gate_month=None if verdict.month is None else str(verdict.month),
        **({} if figures is None else plain(figures)),
        slices=json.dumps(plain_value(verdict.slices)),
        contestants=None if contestants is None else json.dumps(plain(contestants)),
    )
    lake.append_rows(PROMOTIONS, [asdict(row)])
    return row.decided_at


def write_done(lake: Lake, moment: dt.datetime) -> None:
    """Say of the promotion that was meant at this moment that it is done. Errors are logged and no more: the alias has moved."""
    # cast, as the library cannot compare the moments themselves
    microseconds = round(moment.timestamp() * 1_000_000)
    try:
        lake.update_rows(PROMOTIONS, f"CAST(decided_at AS BIGINT) = {microseconds} AND promoted IS NULL", {"promoted": "true"})
    except Exception as error:  # noqa: BLE001  (an error would say that nobody was promoted, which is not so any more)
        log.warning("the promotion is done, and the table promotions still has it as meant: %s", telling_line(error))


def refuse_outdated_table(lake: Lake) -> None:
    """Raise OutdatedTable, before a fit is made, where its decision could not be written down."""
    if lake.exists(PROMOTIONS):
        lake.delta(PROMOTIONS)


def decisions(settings: Settings, lake: Lake) -> list[DecisionRow]:
    """The rows of the table on the registered model, the oldest first."""
    rows = [record_of_row(DecisionRow, row) for row in lake.rows(PROMOTIONS)]
    return sorted((row for row in rows if row.model == settings.mlflow.registered_model), key=lambda row: row.decided_at)


def champions_until(settings: Settings, lake: Lake, current: int | None) -> list[int]:
    """Return the champions that led to the current one (None: it has lost the alias), the first first, without rolled back ones.

    A registry from before the table knows them by the tag ``promoted``. Deleted versions and other registries do not count.
    """
    found = registered(settings)
    rows = [row for row in decisions(settings, lake) if row.is_of(found)]
    tagged = {number for number, version in found.items() if version.tags.get(PROMOTED) == "true"}
    line = line_of_champions(rows, current, _before_the_table(tagged, rows, current))
    return [number for number in line if number in found or number == current]


def override_of(settings: Settings, lake: Lake, champion: int) -> str | None:
    """Return why a person made this version champion, and whether the gate had refused it; None where it was no override."""
    rows = [row for row in decisions(settings, lake) if row.is_of(registered(settings))]
    last = next((row for row in reversed(rows) if row.promoted), None)
    if last is None or last.action != Action.OVERRIDE or last.version != champion:
        return None
    refused = any(row.promoted is False and row.version == champion for row in rows)
    return f"{last.reason}{'; the gate had refused it' if refused else ''}"


def champion_before(settings: Settings, lake: Lake, current: int | None) -> int | None:
    """The last champion before the current one that is still registered; None where none is known."""
    line = champions_until(settings, lake, current)
    earlier = line if current is None else line[:-1]
    return earlier[-1] if earlier else None


def line_of_champions(rows: Iterable[DecisionRow], current: int | None, earlier: Sequence[int] = ()) -> list[int]:
    """Replay decisions in order: a promotion adds a champion, a rollback takes the last ones away.

    Where the next decision found another champion, the alias was moved by hand, or never: the line is cut or continued there.
    """
    line = list(earlier)
    for row in rows:
        if row.promoted:
            _stand_at(line, row.champion_before)
            if row.action == Action.ROLLBACK:
                _stand_at(line, row.champion_after)
            elif row.champion_after is not None:
                line.append(row.champion_after)
    _stand_at(line, current)
    return line


def _stand_at(line: list[int], number: int | None) -> None:
    """Let the line end with this champion: cut it where it has been champion, else continue it."""
    if number in line:
        last = len(line) - line[::-1].index(number)
        del line[last:]
    elif number is not None:
        line.append(number)


def _before_the_table(tagged: Collection[int], rows: Sequence[DecisionRow], current: int | None) -> list[int]:
    """Of the versions tagged as promoted those that were so before the first decision in the table, in order of number."""
    if not rows and current is None:
        return sorted(tagged)
    first = rows[0].champion_before if rows else current
    if first is None:
        return []
    return sorted(number for number in set(tagged) - {row.version for row in rows} if number < first)
