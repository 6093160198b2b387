"""The table ``promotions``: what was decided on who scores, and from it who was champion before whom."""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from santander.lake import Lake
from santander.registry.gate import Verdict
from santander.registry.tracking import open_tracking
from santander.settings import Settings
from santander.tables import PROMOTIONS

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


def write_down(settings: Settings, lake: Lake, decision: Promotion) -> None:
    """Put a decision into the table. Nothing that scores has changed after that."""
    version = open_tracking(settings).get_model_version(settings.mlflow.registered_model, str(decision.version))
    told = decision.payload()
    figures = told["figures"] or {}
    row = {
        "decided_at": dt.datetime.now(dt.UTC),
        "model": settings.mlflow.registered_model,
        "action": told["action"],
        "version": decision.version,
        "run_id": version.run_id,
        "promoted": told["promoted"],
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


def refuse_outdated_table(lake: Lake) -> None:
    """Raise OutdatedTable, before a fit is made, where its decision could not be written down."""
    if lake.exists(PROMOTIONS):
        lake.delta(PROMOTIONS)


def decisions(settings: Settings, lake: Lake) -> list[dict[str, Any]]:
    """The rows of the table on the registered model, the oldest first."""
    rows = [row for row in lake.rows(PROMOTIONS) if row["model"] == settings.mlflow.registered_model]
    return sorted(rows, key=lambda row: row["decided_at"])


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table as plain values, its slices as a list, its contestants as a map or None."""
    contestants = row["contestants"]
    return {
        **row,
        "decided_at": row["decided_at"].isoformat(timespec="seconds"),
        "slices": json.loads(row["slices"]),
        "contestants": None if contestants is None else json.loads(contestants),
    }


def champions_until(settings: Settings, lake: Lake, current: int) -> list[int]:
    """The champions that led to the current one, the first one first, without those that were rolled back.

    A registry from before the table knows of earlier ones by the tag ``promoted`` alone. Rows on another registry, in which
    the same numbers mean other versions, do not count.
    """
    found = open_tracking(settings).search_model_versions(f"name = '{settings.mlflow.registered_model}'")
    made_by = {int(version.version): version.run_id for version in found}
    rows = [row for row in decisions(settings, lake) if made_by.get(row["version"]) == row["run_id"]]
    tagged = {int(version.version) for version in found if version.tags.get(PROMOTED) == "true"}
    return line_of_champions(rows, current, _before_the_table(tagged, rows, current))


def line_of_champions(rows: Iterable[Mapping[str, Any]], current: int, earlier: Sequence[int] = ()) -> list[int]:
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


def _before_the_table(tagged: Collection[int], rows: Sequence[Mapping[str, Any]], current: int) -> list[int]:
    """Of the versions tagged as promoted those that were so before the first decision in the table, in order of number."""
    first = rows[0]["champion_before"] if rows else current
    if first is None:
        return []
    return sorted(number for number in set(tagged) - {row["version"] for row in rows} if number < first)
