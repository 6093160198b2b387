"""Explain why a customer is recommended what."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.verb import MonthOption, Outcome, verb
from santander.schema.product_names import Language

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.explain.explanation import Explanation, ProductExplained


@verb
def explain(
    customer_id: Annotated[int, typer.Argument(help="The customer, by the number in customer_id.")],
    month: MonthOption = None,
    product: Annotated[str | None, typer.Option(help="One product alone, also one that is not in the list.")] = None,
    lang: Annotated[Language, typer.Option(case_sensitive=False, help="What the sentences are written in.")] = Language.ENGLISH,
    html: Annotated[Path | None, typer.Option(help="Write a page to this file, too; one that is there is not replaced.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --html.")] = False,
    *,
    settings: "Settings",
) -> Outcome:
    """Show what a customer held, what is recommended with which chance, what speaks for and against it, and what is left out.

    The month is the last one with recommendations unless told otherwise. No engine is started.
    """
    from santander.explain.explain import explain as explain_customer
    from santander.explain.page import refuse_to_replace, write_page
    from santander.models.lean import without
    from santander.schema.months import Month

    if html is not None:
        refuse_to_replace(html, force=force)
    # Arrow imports pandas to look at a number, if it is there, which takes longer than most of the rest
    with without("pandas"):
        found = explain_customer(settings, customer_id, None if month is None else Month.parse(month), product, lang)
    text: list[Any] = [*_history(found), *_products(found), *_excluded(found)]
    if html is not None:
        write_page(found, html)
        text += ["", str(html)]
    return Outcome(found, text)


def _history(found: "Explanation") -> Iterator[Any]:
    from rich.table import Table

    yield f"{found.label('title', id=found.customer_id, month=found.month)}: {found.label('by_version', n=found.model_version)}"
    yield ""
    rows = found.history()
    if not rows:
        yield found.label("held_nothing")
        return
    table = Table(found.label("held_before"), *found.held)
    for product, months in rows:
        table.add_row(product, *months)
    yield table


def _products(found: "Explanation") -> Iterator[str]:
    yield ""
    yield found.label("recommended")
    if found.note is None:
        yield found.label("legend")
    if not found.products:
        yield found.label("nothing_left")
    for each in found.products:
        place = found.label("not_listed") if each.rank is None else f"{each.rank}"
        yield ""
        yield f"{place}  {found.called(each.product)}, {found.chance(each.chance)}"
        yield from _reasons(found, each)
    if found.note is not None:
        yield ""
        yield found.note


def _reasons(found: "Explanation", each: "ProductExplained") -> Iterator[str]:
    if found.note is None and not each.reasons:
        yield f"   {found.label('too_rare' if each.base is None else 'no_reason')}"
    for reason in each.reasons:
        sign = found.label("for" if reason.contribution > 0 else "against")
        yield f"   {sign}: {reason.text}"


def _excluded(found: "Explanation") -> Iterator[str]:
    if found.excluded:
        yield ""
        yield found.label("excluded")
    for rule, products in found.kept_back().items():
        yield f"   {rule}"
        yield f"      {products}"
