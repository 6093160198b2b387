"""Build the feature rows of a range of months."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import FromOption, MonthOption, Outcome, ToOption, verb
from santander.schema.counting import counted

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.schema.months import Month


@dataclass(frozen=True)
class FeaturesPayload:
    """The JSON object of ``features``."""

    months: "Mapping[Month, int]"
    """Feature rows of each month that was built."""
    additions: "Mapping[Month, int]"
    """Products that customers added in each of these months."""
    family: str | None = None
    """The family that was built, in place of the features that come with the code."""


@verb
def features(
    month: MonthOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    new: Annotated[
        str | None, typer.Option("--new", help="Write a file to start an own family of that name from; builds nothing.")
    ] = None,
    sql: Annotated[bool, typer.Option("--sql", help="With --new: a SELECT.")] = False,
    pyspark: Annotated[bool, typer.Option("--pyspark", help="With --new: a function of DataFrames.")] = False,
    preview: Annotated[
        str | None, typer.Option("--preview", help="Show what an own family makes of one month, and draw it; builds nothing.")
    ] = None,
    family: Annotated[
        str | None, typer.Option(help="Build only this family, which a file NAME.sql or NAME.py in conf/local/features adds.")
    ] = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Build what was known of each customer before each month; all months of customers unless told otherwise."""
    from santander.cli.own_features import check_together, new_family, preview_family
    from santander.config.family_files import own_family
    from santander.engine.session import SessionOnDemand
    from santander.pipeline.steps import Steps
    from santander.schema.catalogue import CUSTOMERS
    from santander.schema.months import AskedMonths

    given = {"--family": family, "--new": new, "--sql": sql, "--pyspark": pyspark, "--preview": preview}
    check_together(given | {"--month": month, "--from": from_, "--to": to})
    if new is not None:
        return new_family(new, sql=sql)
    if preview is not None:
        return preview_family(preview, month, settings)
    asked = AskedMonths.read(month, from_, to)
    own = None if family is None else own_family(family)
    with SessionOnDemand(settings) as session:
        steps = Steps(settings, session)
        months = asked.among(steps.lake.months(CUSTOMERS))
        if own is not None:
            rows = steps.build_family(own, months, anyway=True).result.rows
            lines = [f"{own.name} of {built}: {counted(n, 'row')}" for built, n in rows.items()]
            return Outcome(FeaturesPayload(rows, {}, own.name), lines)
        made = steps.build_features(months, anyway=True).result
    lines = [f"features of {built}: {counted(rows, 'row')}, {_known(made.additions[built])}" for built, rows in made.rows.items()]
    return Outcome(FeaturesPayload(made.rows, made.additions), lines)


def _known(additions: int) -> str:
    """Say how many additions there are; none is known where a month, or the one before, came without products."""
    return f"additions: {additions:,}" if additions else "no additions known"
