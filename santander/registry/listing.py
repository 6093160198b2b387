"""The registered versions at a glance: read from the registry and the runs alone, no model is loaded."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from santander.config.settings import Settings
from santander.registry.decisions import PROMOTED, VERDICT, WAITING
from santander.registry.tracking import has_registry, open_tracking, unless_missing
from santander.schema.months import Month


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """One version: what it is, what it reached on its gate month, and what was decided on it last; None where not known."""

    version: int
    aliases: tuple[str, ...]
    recipe: str | None
    kind: str | None
    target: str | None
    gate_month: str | None
    map7: float | None
    share_of_ceiling: float | None
    promoted: bool | None
    verdict: str | None
    registered_at: dt.datetime
    """To the second."""


def registered_versions(settings: Settings, last: int) -> list[ListedVersion]:
    """The last versions of the registered model, the newest first; empty when nothing was ever registered."""
    if not has_registry(settings):
        return []
    client, name = open_tracking(settings), settings.mlflow.registered_model
    if not (found := client.search_model_versions(f"name = '{name}'")):
        return []
    aliases = client.get_registered_model(name).aliases
    newest = sorted(found, key=lambda version: int(version.version), reverse=True)[:last]
    return [_listed(client, v, sorted(alias for alias, n in aliases.items() if int(n) == int(v.version))) for v in newest]


def _listed(client: Any, version: Any, aliases: list[str]) -> ListedVersion:
    # a version outlives the run that made it, and with that its figures
    run = unless_missing(client.get_run, version.run_id) if version.run_id else None
    tags, metrics = version.tags, {} if run is None else run.data.metrics
    target = tags.get("target")
    promoted = tags.get(PROMOTED)
    return ListedVersion(
        version=int(version.version),
        aliases=tuple(aliases),
        recipe=tags.get("recipe"),
        kind=tags.get("kind"),
        target=target,
        gate_month=None if target is None else str(Month.parse(target) - 1),
        map7=metrics.get("map7"),
        share_of_ceiling=metrics.get("share_of_ceiling"),
        promoted=None if promoted in (None, WAITING) else promoted == "true",
        verdict=tags.get(VERDICT),
        registered_at=dt.datetime.fromtimestamp(version.creation_timestamp // 1000, dt.UTC),
    )
