"""Two things of the verb ``features`` that build nothing: a file to start a family from, and a look at what it makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.cli.refusal import with_options
from santander.cli.verb import TYPED_OPTIONS, Outcome
from santander.errors import InputError
from santander.schema.counting import counted
from santander.schema.own_family import Language
from santander.schema.records import Inline

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.preview.preview import FeaturePreview, Preview


@dataclass(frozen=True)
class NewFamilyPayload:
    """The JSON object of ``features --new``."""

    family: str
    file: Path


@dataclass(frozen=True)
class PreviewPayload:
    """The JSON object of ``features --preview``."""

    preview: "Inline[Preview]"
    plot: Path


def check_together(given: Mapping[str, object]) -> None:
    """Raise InputError for options, by name as they are typed, that exclude each other or lack another."""
    typed = {name for name, value in given.items() if value}
    doing = [name for name in ("--family", "--new", "--preview") if name in typed]
    if len(doing) > 1:
        raise InputError(f"{' and '.join(doing)} exclude each other", hint="give one of them")
    of_preview = {"--from", "--to"} if "--preview" in doing else set()
    excluded = {"--month", "--from", "--to"} if "--new" in doing else of_preview
    if wrong := sorted(typed & excluded):
        hint = "leave it out" if "--new" in doing else "name one --month"
        raise InputError(f"{doing[0]} takes no {wrong[0]}", hint=hint)
    languages = sorted(typed & {"--sql", "--pyspark"})
    if languages and "--new" not in doing:
        raise InputError(f"{languages[0]} is for --new", hint=f"'santander features --new NAME {languages[0]}'")
    if "--new" in doing and len(languages) != 1:
        raise InputError("--new takes one of --sql and --pyspark", hint=f"'santander features --new {given['--new']} --sql'")


def new_family(name: str, *, sql: bool) -> Outcome:
    """Write a file to start a family from, and say what to type next."""
    from santander.config.new_family import write_new_family

    file = write_new_family(name, Language.SQL if sql else Language.PYSPARK)
    look, build = (f"'santander features --{what} {name}'" for what in ("preview", "family"))
    lines = [f"{file}: works as it stands, its comments say what may stand in it"]
    lines += [f"next: edit it, look at what it makes by {look}, build it by {build}"]
    return Outcome(NewFamilyPayload(name, file), [with_options(line, TYPED_OPTIONS) for line in lines])


def preview_family(name: str, month: str | None, settings: "Settings") -> Outcome:
    """Make the rows of a family in a month, show how they lie and what they tell, and draw it; no table is written."""
    from santander.config.family_files import own_family
    from santander.engine.session import open_session
    from santander.lake.lake import Lake
    from santander.lake.staging import PREVIEWS
    from santander.preview.plot import draw
    from santander.preview.preview import latest_with_additions, preview
    from santander.schema.months import Month

    family, asked = own_family(name), None if month is None else Month.parse(month)
    with open_session(settings) as session:
        lake = Lake(settings, session)
        found = preview(lake, family, asked or latest_with_additions(lake), settings.features)
    plot = settings.state / PREVIEWS / f"{name}-{found.month}.png"
    plot.parent.mkdir(parents=True, exist_ok=True)
    draw(found, settings.features.preview.products, settings.features.preview.features_drawn).savefig(plot)
    return Outcome(PreviewPayload(found, plot), _shown(found, settings.features.preview.products, plot))


def _shown(found: "Preview", products: int, plot: Path) -> list[Any]:
    from rich.table import Table
    from rich.text import Text

    values = Table("feature", "type", "nulls", "least", "median", "most", "distinct")
    for column in values.columns[2:]:
        column.justify = "right"
    for each in found.features:
        figures = (f"{number:,.6g}" if number is not None else "-" for number in (each.least, each.median, each.most))
        values.add_row(each.name, each.type, f"{each.nulls:.1%}", *figures, f"{each.distinct:,}")
    known = "not known" if found.additions is None else f"{found.additions:,}"
    head = f"{found.family} of {found.month}: {counted(found.rows, 'row')}, one a {found.entity}; additions of the month: {known}"
    told = [_relations(each, products) for each in found.features if each.products]
    words = (
        "lift: the share of customers in a bin who add the product, against that of all who do not hold it; information: the "
        "information value, of which chance alone gives about (bins - 1) / additions"
    )
    warning = [] if found.problem is None else [Text(f"warning: it will be refused when it is built: {found.problem}")]
    return [head, values, *told, *([words] if told else []), f"picture: {plot}", "no table was written", *warning]


def _relations(feature: "FeaturePreview", products: int) -> Any:
    from rich.table import Table

    table = Table("product", "additions", "information", *feature.bins, title=f"lift by {feature.name}", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for each in feature.products[:products]:
        lifts = ("-" if lift is None else f"{lift:.2f}" for lift in each.lifts)
        table.add_row(each.product, f"{each.additions:,}", f"{each.information:.3f}", *lifts)
    return table
