"""The registered versions at a glance: read from the registry and the runs alone, no model is loaded."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from santander.registry.decisions import PROMOTED, VERDICT, WAITING
from santander.registry.tracking import has_registry, open_tracking
from santander.schema.months import Month

if TYPE_CHECKING:
    from santander.config.settings import Settings


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """One version: what it is, what it reached on its gate month, and what was decided on it last.

    None stands for what its tags or its run do not say; ``promoted`` is None for a version nothing was ever said of.
    """

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


def registered_versions(settings: "Settings", last: int) -> list[ListedVersion]:
    """The last versions of the registered model, the newest first; empty when nothing was ever registered."""
    if not has_registry(settings):
        return []
    client, name = open_tracking(settings), settings.mlflow.registered_model
    found = client.search_model_versions(f"name = '{name}'")
    if not found:
        return []
    aliases: dict[int, list[str]] = {}
    for alias, number in client.get_registered_model(name).aliases.items():
        aliases.setdefault(int(number), []).append(alias)
    newest = sorted(found, key=lambda version: int(version.version), reverse=True)[:last]
    return [_listed(client, version, aliases.get(int(version.version), [])) for version in newest]


def _listed(client: Any, version: Any, aliases: list[str]) -> ListedVersion:
    tags, metrics = version.tags, _metrics(client, version.run_id)
    target = tags.get("target")
    said = tags.get(PROMOTED)
    return ListedVersion(
        version=int(version.version),
        aliases=tuple(sorted(aliases)),
        recipe=tags.get("recipe"),
        kind=tags.get("kind"),
        target=target,
        gate_month=None if target is None else str(Month.parse(target) - 1),
        map7=metrics.get("map7"),
        share_of_ceiling=metrics.get("share_of_ceiling"),
        promoted=None if said in (None, WAITING) else said == "true",
        verdict=tags.get(VERDICT),
        registered_at=dt.datetime.fromtimestamp(version.creation_timestamp // 1000, dt.UTC),
    )


def _metrics(client: Any, run_id: str | None) -> dict[str, float]:
    """The figures of the run that made a version; empty where the run was deleted, which the version outlives."""
    from mlflow.exceptions import MlflowException

    if not run_id:
        return {}
    try:
        return dict(client.get_run(run_id).data.metrics)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return {}
