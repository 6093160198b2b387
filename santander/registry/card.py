"""The text of a model card: a head that says what became of the model, then sections, in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from santander.evaluation.drawing import readable
from santander.evaluation.plots import column_title

_SECTION = "\n## "


@dataclass(frozen=True)
class Section:
    """One part of a card."""

    title: str
    body: str


@dataclass(frozen=True)
class ModelCard:
    """What a reviewer is told of one registered version. ``verdict`` stands first: lists show the first words, as plain text."""

    verdict: str
    lead: str
    sections: tuple[Section, ...]

    def text(self) -> str:
        """The whole card as Markdown, with tables."""
        sections = (f"{_SECTION}{section.title}\n\n{section.body}\n" for section in self.sections)
        return f"{self.verdict}\n\n{self.lead}\n" + "".join(sections)

    def description(self, limit: int) -> str:
        """The card within ``limit`` characters, with aligned text for tables: MLflow's pages leave no space between columns.

        The last sections may be left out, and the card says so.
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
