"""List the registered versions of the model and the last decisions on who scores."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from santander.config.settings import Settings
    from santander.engine.startup import StoredVersion
    from santander.registry.decisions import DecisionPayload, DecisionRow
    from santander.registry.listing import ListedVersion


@dataclass(frozen=True)
class ModelsPayload:
    """The JSON object of ``models``."""

    model: str
    champion: int | None
    champion_problem: str | None
    """What keeps the champion from scoring, with the remedy."""
    versions: "Sequence[ListedVersion]"
    decisions: "Sequence[DecisionPayload]"


@verb
def models(
    last: Annotated[int, typer.Option(min=1, help="Versions to list, the newest first.")] = 20,
    decisions: Annotated[int, typer.Option(min=0, help="Decisions to list, the newest first.")] = 10,
    *,
    settings: "Settings",
) -> Outcome:
    """List the registered versions with what each reached on its gate month, and what was decided on who scores.

    No engine is started.
    """
    from rich.table import Table
    from rich.text import Text

    from santander.lake.lake import Lake
    from santander.registry.champion import standing
    from santander.registry.decisions import decisions as all_decisions
    from santander.registry.listing import registered_versions
    from santander.registry.versions import registered

    versions, there = registered_versions(settings, last), registered(settings)
    decided = all_decisions(settings, Lake(settings))[::-1][:decisions]
    name, holder = settings.mlflow.registered_model, standing(settings)
    payload = ModelsPayload(name, holder.champion, holder.message, versions, [row.payload(there) for row in decided])
    text: list[Any] = [_versions(name, versions)] if versions else [f"'{name}' has no version yet: run 'santander train'"]
    text += [f"nothing is scored: {holder.message}"] if holder.message else []
    if decided:
        text += ["", "decisions, the newest first", *(line for row in decided for line in _told(row, there))]
    waiting = [version for version in versions if version.verdict and version.verdict not in {row.reason for row in decided}]
    text += [f"version {version.version}: {_said(version.promoted)}{version.verdict}" for version in waiting]
    return Outcome(payload, [line if isinstance(line, Table) else Text(line) for line in text])


def _versions(name: str, versions: "list[ListedVersion]") -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table("version", "recipe", "judged on", "MAP@7", "of ceiling", "registered", "", title=name)
    for column in (table.columns[0], *table.columns[3:5]):
        column.justify = "right"
    for version in versions:
        alike = version.recipe == version.kind
        table.add_row(
            "\n".join([str(version.version), *version.aliases]),
            Text(version.recipe or "-" if alike else f"{version.recipe or '-'}\n({version.kind or '-'})"),
            f"{version.gate_month or '-'}\nfor {version.target or '-'}",
            "-" if version.map7 is None else f"{version.map7:.6f}",
            "-" if version.share_of_ceiling is None else f"{version.share_of_ceiling:.3f}",
            f"{version.registered_at:%Y-%m-%d\n%H:%M}",
            _said(version.promoted).replace(" ", "\n", 1),
            end_section=True,
        )
    return table


def _said(promoted: bool | None) -> str:
    return {True: "promoted", False: "not promoted", None: ""}[promoted]


def _told(row: "DecisionRow", there: "Mapping[int, StoredVersion]") -> list[str]:
    """Return when, by whom and what, and the reason."""
    before, after = ("none" if side is None else str(side) for side in (row.champion_before, row.champion_after))
    moved = f"champion stays {before}" if before == after else f"champion {before} -> {after}"
    action = f"{row.action} (meant, not done)" if row.is_only_meant else row.action
    version = str(row.version) if row.is_of(there) else f"{row.version} (not here)"
    return [f"{row.decided_at:%Y-%m-%d %H:%M} {action}, version {version}: {moved}", f"  {row.reason}"]
