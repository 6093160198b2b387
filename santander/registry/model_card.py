"""The card of a model: what it learned from, how good it is and where, as Markdown for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from santander.evaluation.drawing import readable
from santander.evaluation.judgement import Judgement
from santander.evaluation.plots import column_title
from santander.models.month_weight import ALIKE, MonthWeight
from santander.models.on_columns import ColumnRecommender
from santander.schema.features import FEATURE_NAMES, FEATURE_SET, months_read_for
from santander.schema.months import Month, in_spans
from santander.training.candidate import Candidate, Fit
from santander.training.plan import FitName

_SECTION = "\n## "


@dataclass(frozen=True)
class Section:
    """One part of a card."""

    title: str
    body: str


@dataclass(frozen=True)
class ModelCard:
    """The description of one registered version. ``verdict`` stands first: lists show the first words, as plain text."""

    verdict: str
    lead: str
    sections: tuple[Section, ...]

    def text(self) -> str:
        """The whole card as Markdown, with tables."""
        sections = (f"{_SECTION}{section.title}\n\n{section.body}\n" for section in self.sections)
        return f"{self.verdict}\n\n{self.lead}\n" + "".join(sections)

    def description(self, limit: int) -> str:
        """Return the card within ``limit`` characters, without its last sections where need be.

        Tables are aligned text: MLflow's pages leave no space between columns.
        """
        aligned = tuple(Section(section.title, _aligned(section.body)) for section in self.sections)
        whole = replace(self, sections=aligned).text()
        if len(whole) <= limit:
            return whole
        for kept in range(len(aligned) - 1, 0, -1):
            left_out = ", ".join(section.title.lower() for section in aligned[kept:])
            rest = f"\nMore in the artifact `model_card.md` of the run: {left_out}.\n"
            if len(shorter := replace(self, sections=aligned[:kept]).text() + rest) <= limit:
                return shorter
        return whole[:limit]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the card that ``text`` gave without a limit."""
        head, *parts = text.split(_SECTION)
        verdict, _, lead = head.partition("\n\n")
        parted = (part.partition("\n\n") for part in parts)
        sections = tuple(Section(title.strip(), body.strip()) for title, _, body in parted)
        return cls(verdict.strip(), lead.strip(), sections)

    def with_verdict(self, verdict: str, comparison: Section | None) -> Self:
        """The card with another verdict; ``comparison`` comes after the first section, in place of one of the same title."""
        kept = [section for section in self.sections if comparison is None or section.title != comparison.title]
        added = kept if comparison is None else [*kept[:1], comparison, *kept[1:]]
        return replace(self, verdict=verdict, sections=tuple(added))


def rendered(template: str, **values: Any) -> str:
    """Return the text that a template of ``templates/`` makes of the values."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made_here = Environment(  # noqa: S701  (Markdown: the template marks what is to be escaped)
        loader=PackageLoader("santander.registry"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made_here.filters |= {"figure": figure, "escaped": escaped, "readable": readable, "column_title": column_title}
    return made_here.get_template(f"{template}.md.jinja").render(values)


def _aligned(markdown: str) -> str:
    """Markdown whose tables are preformatted text, figures to the right."""
    parts: list[str] = []
    for part in markdown.split("\n\n"):
        lines = part.splitlines()
        parts.append(_preformatted(lines) if all(line.startswith("| ") for line in lines) else part)
    return "\n\n".join(parts)


def _preformatted(lines: Sequence[str]) -> str:
    heads, ruler, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    cells = [[_bare(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(heads))]
    places = [f"{'>' if cell.endswith(':') else '<'}{width}" for cell, width in zip(ruler, widths, strict=True)]
    text = ("  ".join(map(format, row, places)).rstrip() for row in cells)
    return "\n".join(["```", *text, "```"])


def _bare(cell: str) -> str:
    """A cell without Markdown's own letters."""
    return cell.replace("**", "").replace("`", "").replace("\\", "")


def figure(value: float | None, form: str = ".6f") -> str:
    """A figure for people; a dash where it is not known."""
    return "-" if value is None else format(value, form)


def escaped(text: str) -> str:
    """Text that was made elsewhere as one line that Markdown does not read as its own."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|" else letter for letter in line)


PRODUCTS_SHOWN, COLUMNS_SHOWN = 8, 10
NOT_MET = "Has not met a champion yet."


def gaps_of(candidate: Candidate, missing: Sequence[Month]) -> list[str]:
    """Return a paragraph that names the missing months and what they cost, none where the candidate does not rest on any.

    It rests on the months of its recipe, and those that features of its fits, its gate month and its target look back on.
    """
    fits = candidate.fits.values()
    wanted = {month for fit in fits for month in candidate.recipe.months_before(_predicted(candidate, fit))}
    fitted = {month for fit in fits for month in fit.seen}
    read = {month: set(months_read_for(month)) for month in (*fitted, candidate.gate, candidate.target)}
    named = [month for month in missing if month in wanted or any(month in months for months in read.values())]
    if not named:
        return []
    unknown = [month for month in wanted - fitted if {month, month - 1} & set(named)]
    blind = [month for month, months in read.items() if months & set(named)]
    paragraph = f"**Months missing: {in_spans(named)}** (no customers, though there are some before and after)."
    if unknown:
        paragraph += f" Additions of {in_spans(unknown)} are not known for that, and nothing was learned of them."
    if blind:
        paragraph += f" Features of {in_spans(blind)} look back on what is missing and have nulls there."
    return [paragraph]


def _predicted(candidate: Candidate, fit: Fit) -> Month:
    """Return the month that a fit is made to predict."""
    return {FitName.ROUNDS: candidate.gate - 1, FitName.JUDGED: candidate.gate, FitName.PROMOTED: candidate.target}[fit.name]


@dataclass(frozen=True)
class Origin:
    """Where a candidate came from: its run, the versions of the tables it read, the commit of the code, the machine's cores."""

    run_id: str
    table_versions: Mapping[str, int | None]
    git_sha: str
    cores: int
    missing: Sequence[Month] = ()
    """Months without customers between the first and the last there were."""


def model_card(candidate: Candidate, judgement: Judgement | None, origin: Origin, product_additions: int) -> ModelCard:
    """The card of a candidate before it has met a champion; products with so many additions have a line among the chances."""
    model = candidate.scoring.model
    text = rendered(
        "model_card",
        not_met=NOT_MET,
        candidate=candidate,
        scoring=candidate.scoring,
        model=model,
        groups=model.settings.columns if isinstance(model, ColumnRecommender) else (),
        judgement=judgement,
        found=judgement and judgement.evaluation,
        origin=origin,
        gaps=gaps_of(candidate, origin.missing),
        purposes={
            FitName.ROUNDS: "rounds (finds their number)",
            FitName.JUDGED: f"judged (on {candidate.gate})",
            FitName.PROMOTED: f"promoted (scores {candidate.target})",
        },
        months=months_told,
        feature_set=FEATURE_SET,
        feature_names=FEATURE_NAMES,
        own=dict(sorted(model.families.items())),
        products_shown=PRODUCTS_SHOWN,
        columns_shown=COLUMNS_SHOWN,
        product_additions=product_additions,
    )
    return ModelCard.parse(text)


def months_told(weights: Mapping[Month, MonthWeight]) -> str:
    """Months and weights as text: ``2015-06*2 2016-04``."""
    return " ".join(f"{month}" if weight == ALIKE else f"{month}*{weight}" for month, weight in sorted(weights.items()))
