"""Show what may be offered in a month, or write it as a list to hand over."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.verb import MonthOption, Outcome, verb
from santander.schema.counting import counted

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.offers.export import Exported
    from santander.offers.month_offers import MonthOffers


@verb
def offers(
    month: MonthOption = None,
    export: Annotated[
        str | None, typer.Option("--export", metavar="FILE", help="Write the offers to this file: .csv or .parquet.")
    ] = None,
    product: Annotated[str | None, typer.Option(help="Of this product alone.")] = None,
    top: Annotated[int | None, typer.Option(min=1, help="The first so many, the likeliest first.")] = None,
    segment: Annotated[str | None, typer.Option(help="Of this segment alone: top, individuals, students, unknown.")] = None,
    least_chance: Annotated[float | None, typer.Option(min=0, max=1, help="With at least this chance.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    *,
    settings: "Settings",
) -> Outcome:
    """Show how many customers may be offered each product, and what the rules keep back; the last month with offers by default.

    With --export they are written as a list, the likeliest first. Who objects to marketing by now is never in it.
    """
    from santander.errors import InputError
    from santander.lake.lake import Lake
    from santander.offers.export import Wanted, export_offers
    from santander.offers.month_offers import offers_of_month
    from santander.offers.opened import month_with_offers
    from santander.storage.places import place

    wanted = Wanted(product, top, segment, least_chance)
    if export is None and (force or wanted != Wanted()):
        raise InputError(
            "--product, --top, --segment, --least-chance and --force belong to --export", hint="give --export FILE too"
        )
    lake = Lake(settings)
    of = month_with_offers(lake, month)
    if export is None:
        shown = offers_of_month(lake, of)
        return Outcome(shown, _tables(shown))
    with lake.carrying_persons():
        exported = export_offers(lake, of, place(export), wanted, force=force)
    return Outcome(exported, _told(exported))


def _told(exported: "Exported") -> list[Any]:
    from rich.text import Text

    lines = [f"{counted(exported.offers, 'offer')} of {exported.month}: {exported.file}"]
    if exported.objecting:
        objected = counted(exported.objecting, "customer who objects", "customers who object")
        lines.append(f"left out: {objected} since the offers were made")
    if not exported.with_chances:
        lines.append("without chances, in the order of customers: the version that scored is of an earlier release, train again")
    return [Text(line) for line in lines]  # names of files may hold what rich takes for markup


def _tables(shown: "MonthOffers") -> list[Any]:
    from rich.table import Table
    from rich.text import Text

    offered, kept = Table("product", "customers", "of all", "offered first"), Table("rule", "customers", "products", "because")
    for table in (offered, kept):
        for column in table.columns[1:3]:
            column.justify = "right"
    offered.columns[3].justify = "right"
    for name, each in shown.products.items():
        offered.add_row(name, f"{each.customers:,}", f"{each.customers / shown.customers:.0%}", f"{each.first:,}")
    for name, rule in shown.rules.items():
        kept.add_row(name, f"{rule.customers:,}", f"{rule.products:,}", Text(rule.sentence or "the rule is no longer there"))
    people = counted(shown.customers, "customer", "customers")
    text: list[Any] = [f"{shown.month}: {counted(shown.offers, 'offer')} to {people}", offered]
    if shown.rules:
        text += ["what may not be offered, counted over products that the customers do not hold", kept]
    if shown.out_of_date:
        text.append(f"out of date: {'; '.join(shown.out_of_date)}: 'santander run' makes them anew")
    return text
