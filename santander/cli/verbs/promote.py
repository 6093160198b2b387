"""Let a registered version meet the champion on the gate month, and take its place if the gate lets it; or go back."""

import functools
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.registry.decisions import Promotion


@verb
def promote(
    version: Annotated[int | None, typer.Option(min=1, help="Version of the registered model.")] = None,
    alias: Annotated[str | None, typer.Option(help="Alias of a version; default: challenger.")] = None,
    month: Annotated[str | None, typer.Option(help="Month to judge both on; default: the one before what it scores.")] = None,
    override: Annotated[bool, typer.Option("--override", help="Promote whatever the comparison says; needs a reason.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Give the alias back to the champion before.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why, for an override or a rollback; it is recorded.")] = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Let a registered version meet the champion on a month that neither has seen; it becomes champion if the gate lets it.

    A refusal is a verdict, exit code 0. Whatever keeps the gate from deciding is an error, and the champion stays.
    """
    from santander.errors import InputError
    from santander.lake.lake import Lake
    from santander.registry.champion import Standing, standing
    from santander.registry.decisions import failing_closed
    from santander.registry.orders import check_order, roll_back
    from santander.registry.promotion import already_champion, promote_version
    from santander.registry.versions import CHALLENGER, NoChampion, number_named
    from santander.schema.months import Month

    text = check_order(version, alias, month, override=override, rollback=rollback, reason=reason)
    if rollback:
        return _outcome(roll_back(settings, Lake(settings), text))
    chosen = None if month is None else Month.parse(month)
    with failing_closed():
        found = standing(settings)
    if found == Standing(None) and version is None and alias is None:
        missing = NoChampion(settings.mlflow.registered_model)  # and so there is no challenger
        raise InputError(str(missing), hint=missing.hint)
    with failing_closed():
        number = number_named(settings, version, alias, CHALLENGER)
        if found == Standing(number):
            return _outcome(already_champion(number))

        from santander.engine.session import open_session
        from santander.registry.contest import month_to_judge
        from santander.registry.versions import families_of
        from santander.store.access import open_store
        from santander.training.collect import through

        with open_session(settings) as session:
            lake = Lake(settings, session)
            families = families_of(settings, number) | families_of(settings, found.champion)
            rows_of = functools.partial(month_to_judge, lake, through(open_store(settings, lake)).also(families))
            decision = promote_version(settings, lake, rows_of, number, month=chosen, override=text if override else None)
    return _outcome(decision)


def _outcome(decision: "Promotion") -> Outcome:
    from rich.text import Text

    if decision.champion_before == decision.version:
        line = decision.verdict.reason
    elif decision.verdict.promoted:
        line = f"version {decision.version} is the champion: {decision.verdict.reason}"
    else:
        line = f"version {decision.version} does not replace champion {decision.champion}: {decision.verdict.reason}"
    tables = [_slices(decision)] if decision.verdict.slices else []
    return Outcome(decision, [*tables, Text(line)])  # a reason may hold what rich takes for markup


def _slices(decision: "Promotion") -> Any:
    from rich.table import Table

    table = Table("slice", "customers", "buyers", "champion", "challenger", "change", "95 % of it", "", title=_title(decision))
    for column in table.columns[1:7]:
        column.justify = "right"
    verdict = decision.verdict
    for name, everyone in (
        ("everyone, champion as it is", verdict.compared if verdict.refit else None),
        ("everyone", verdict.counted),
    ):
        if everyone is None:
            continue
        table.add_row(
            name,
            "",
            "",
            f"{everyone.champion:.6f}",
            f"{everyone.challenger:.6f}",
            f"{everyone.relative:+.2%}",
            f"{everyone.relative_lower:+.2%} to {everyone.relative_upper:+.2%}",
            "",
        )
    for slice_ in decision.verdict.slices:
        table.add_row(
            slice_.name,
            f"{slice_.customers:,}",
            f"{slice_.buyers:,}",
            f"{slice_.champion:.6f}",
            f"{slice_.challenger:.6f}",
            f"{slice_.relative:+.2%}",
            f"{slice_.relative_lower:+.2%} to {slice_.relative_upper:+.2%}",
            "worse" if slice_.failed else "" if slice_.counts else "too few to count",
        )
    return table


def _title(decision: "Promotion") -> str:
    verdict = decision.verdict
    anew = f" fitted anew up to {verdict.ages.refit}" if verdict.refit and verdict.ages else ""
    return f"MAP@7 of {verdict.month}, version {decision.version} against champion {decision.champion_before}{anew}"
