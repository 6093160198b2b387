"""The table ``promotions``: what was decided on who scores, and from it who was champion before whom."""

import datetime as dt
import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from santander.config.settings import Settings
from santander.errors import telling_line
from santander.lake.lake import Lake
from santander.registry.gate import Verdict
from santander.registry.local_registry import StoredVersion
from santander.registry.tracking import open_tracking
from santander.registry.versions import registered
from santander.schema.catalogue import PROMOTIONS

log = logging.getLogger(__name__)

DECISION = "champion"
"""The lock that whoever decides holds, from reading who is champion until the alias has moved."""
PROMOTED, VERDICT, PROMOTED_AT = "promoted", "verdict", "promoted_at"
"""Tags of a version."""
WAITING = "waiting"
"""What the tag ``promoted`` says of a version about which nothing was decided."""

_BOUNDS = ("map7", "champion_map7", "lower", "upper", "relative", "relative_lower", "relative_upper")


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
    """What became of a version: promoted or not, by whom and why, and who was champion before."""

    action: Action
    version: int
    verdict: Verdict
    champion_before: int | None

    @property
    def champion(self) -> int | None:
        """Who is champion after it: the one before where the version was refused."""
        return self.version if self.verdict.promoted else self.champion_before

    def payload(self) -> dict[str, Any]:
        """The decision as plain values."""
        verdict = self.verdict
        return {
            "promoted": verdict.promoted,
            "reason": verdict.reason,
            "action": str(self.action),
            "version": self.version,
            "champion": self.champion,
            "champion_before": self.champion_before,
            "contest": None if verdict.contest is None else str(verdict.contest),
            "month": None if verdict.month is None else str(verdict.month),
            "figures": verdict.figures(),
            "contestants": verdict.contestants(),
            "slices": [slice_.figures() for slice_ in verdict.slices],
        }


def write_down(settings: Settings, lake: Lake, decision: Promotion) -> dt.datetime:
    """Put a decision into the table and return its moment, by which ``write_done`` finds it again.

    A promotion is only meant so far: nothing that scores has changed. A refusal is done, as nothing follows it.
    """
    version = open_tracking(settings).get_model_version(settings.mlflow.registered_model, str(decision.version))
    told = decision.payload()
    figures = told["figures"] or {}
    moment = dt.datetime.now(dt.UTC)
    row = {
        "decided_at": moment,
        "model": settings.mlflow.registered_model,
        "action": told["action"],
        "version": decision.version,
        "run_id": version.run_id,
        "promoted": None if told["promoted"] else False,
        "reason": told["reason"],
        "champion_before": decision.champion_before,
        "champion_after": decision.champion,
        "contest": told["contest"],
        "gate_month": told["month"],
        **{bound: figures.get(bound) for bound in _BOUNDS},
        "slices": json.dumps(told["slices"]),
        "contestants": None if told["contestants"] is None else json.dumps(told["contestants"]),
    }
    lake.append_rows(PROMOTIONS, [row])
    return moment


def write_done(lake: Lake, moment: dt.datetime) -> None:
    """Say of the promotion that was meant at this moment that it is done: the alias has moved.

    As it has moved, whatever goes wrong here is logged and no more: the next decision goes by the alias.
    """
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


def decisions(settings: Settings, lake: Lake) -> list[dict[str, Any]]:
    """The rows of the table on the registered model, the oldest first."""
    rows = [row for row in lake.rows(PROMOTIONS) if row["model"] == settings.mlflow.registered_model]
    return sorted(rows, key=lambda row: row["decided_at"])


def plain(row: Mapping[str, Any], found: Mapping[int, StoredVersion]) -> dict[str, Any]:
    """A row of the table as plain values, its slices as a list, its contestants as a map or None.

    ``state`` says whether it was only meant, or done; ``registered`` whether its version is among those found here.
    """
    contestants = row["contestants"]
    return {
        **row,
        "decided_at": row["decided_at"].isoformat(timespec="seconds"),
        "slices": json.loads(row["slices"]),
        "contestants": None if contestants is None else json.loads(contestants),
        "state": "meant" if is_only_meant(row) else "done",
        "registered": is_of(found, row),
    }


def is_only_meant(row: Mapping[str, Any]) -> bool:
    """Whether a promotion was written down and never done: something kept the alias from moving."""
    return row["promoted"] is None


def is_of(found: Mapping[int, StoredVersion], row: Mapping[str, Any]) -> bool:
    """Whether a row is on a version that is registered: it may be deleted, or of another registry that has the same number."""
    version = found.get(row["version"])
    return version is not None and version.run_id == row["run_id"]


def champions_until(settings: Settings, lake: Lake, current: int | None) -> list[int]:
    """The champions that led to the current one (None: it has lost the alias), without those that were rolled back.

    The first one is first. A registry from before the table knows of earlier ones by the tag ``promoted`` alone. Rows on
    another registry, in which the same numbers mean other versions, and versions that were deleted do not count.
    """
    found = registered(settings)
    rows = [row for row in decisions(settings, lake) if is_of(found, row)]
    tagged = {number for number, version in found.items() if version.tags.get(PROMOTED) == "true"}
    line = line_of_champions(rows, current, _before_the_table(tagged, rows, current))
    return [number for number in line if number in found or number == current]


def champion_before(settings: Settings, lake: Lake, current: int | None) -> int | None:
    """The last champion before the current one that is still registered; None where none is known."""
    line = champions_until(settings, lake, current)
    earlier = line if current is None else line[:-1]
    return earlier[-1] if earlier else None


def line_of_champions(rows: Iterable[Mapping[str, Any]], current: int | None, earlier: Sequence[int] = ()) -> list[int]:
    """Replay decisions in order: a promotion adds a champion, a rollback takes the last ones away.

    The alias is what holds: a decision after which a process died before the alias moved, or an alias that was moved by
    hand, shows in the champion that the next decision found, and the line is cut or continued there.
    """
    line = list(earlier)
    for row in rows:
        if row["promoted"]:
            _stand_at(line, row["champion_before"])
            if row["action"] == Action.ROLLBACK:
                _stand_at(line, row["champion_after"])
            else:
                line.append(row["champion_after"])
    _stand_at(line, current)
    return line


def _stand_at(line: list[int], number: int | None) -> None:
    """Let the line end with this champion: cut it where it has been champion, else continue it."""
    if number in line:
        last = len(line) - line[::-1].index(number)
        del line[last:]
    elif number is not None:
        line.append(number)


def _before_the_table(tagged: Collection[int], rows: Sequence[Mapping[str, Any]], current: int | None) -> list[int]:
    """Of the versions tagged as promoted those that were so before the first decision in the table, in order of number."""
    if not rows and current is None:
        return sorted(tagged)
    first = rows[0]["champion_before"] if rows else current
    if first is None:
        return []
    return sorted(number for number in set(tagged) - {row["version"] for row in rows} if number < first)
