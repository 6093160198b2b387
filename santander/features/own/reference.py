"""The pages docs/families/NAME.md, one for each family that a file adds, and their index.

``python -m santander.features.own.reference`` writes them; a page of a family that no file adds any more goes.
"""

from collections.abc import Iterable
from pathlib import Path

from santander.config.family_files import is_users_own, own_families
from santander.schema.own_family import Language, OwnFamily, OwnFeature

CHECKOUT = Path(__file__).resolve().parents[3]
FOLDER = CHECKOUT / "docs" / "families"
INDEX = "README"
_MADE = "This page is generated from {source}; `make docs` writes it anew."
_TELLING = "This page is generated from"
_HEAD = [
    "# Families of features",
    "",
    "A file adds a family: code in SQL or PySpark, below a few lines that declare its features. How to write one, and what",
    "follows from it: [features.md](../features.md#families-of-your-own).",
    "",
    _MADE.format(source="the files"),
]


def pages(families: Iterable[OwnFamily]) -> dict[str, str]:
    """Return the pages by their names without ``.md``: one a family, and the index, in which a user's own come last."""
    every = sorted(families, key=lambda family: (is_users_own(family), family.name))
    return {INDEX: _index(every)} | {family.name: _page(family) for family in every}


def write_pages(folder: Path = FOLDER) -> None:
    """Write the pages of all families there are, and remove the generated ones of those that are gone."""
    made = pages(own_families())
    folder.mkdir(exist_ok=True)
    for left in folder.glob("*.md"):
        if left.stem not in made and _TELLING in left.read_text(encoding="utf-8"):
            left.unlink()
    for name, text in made.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def _index(families: Iterable[OwnFamily]) -> str:
    shipped: list[str] = []
    own: list[str] = []
    for family in families:
        line = f"| [{family.name}]({family.name}.md) | {family.entity} | {_escaped(family.meaning)} |"
        (own if is_users_own(family) else shipped).append(line)
    heading = ["", "| family | a row for each | meaning |", "|---|---|---|"]
    lines = [*_HEAD, *([*heading, *shipped] if shipped else ["", "No family ships with the code."])]
    return "\n".join([*lines, *(["", "## Of your own", *heading, *own] if own else []), ""])


def _page(family: OwnFamily) -> str:
    source = family.file.relative_to(CHECKOUT) if family.file.is_relative_to(CHECKOUT) else Path(family.file.name)
    window = f"the {family.months} months before" if family.months > 1 else "the month before" if family.months else "none"
    lines = [
        f"# {family.name}",
        "",
        f"{family.meaning.rstrip('.')}. {_MADE.format(source=f'`{source}`')}",
        "",
        "| | |",
        "|---|---|",
        f"| a row for each | `{family.entity}`, in each month |",
        f"| looks back at | {window} |",
        f"| table | `{family.table.name}` |",
        f"| Feast view | `{family.name}` |",
        f"| in a recipe | `columns: [profile, {family.name}]` |",
        *([f"| reason | {_escaped(family.reason)} |"] if family.reason else []),
        *([f"| reason in Spanish | {_escaped(family.reason_es)} |"] if family.reason_es else []),
        "",
        "| feature | type | range | meaning |",
        "|---|---|---|---|",
        *map(_line, family.features),
        "",
        "## The file",
        "",
        f"```{'sql' if family.language is Language.SQL else 'python'}",
        family.file.read_text(encoding="utf-8-sig").strip(),
        "```",
        "",
    ]
    return "\n".join(lines)


def _line(feature: OwnFeature) -> str:
    words = "yes or no" if feature.range is None else feature.range.words
    return f"| `{feature.name}` | {feature.type} | {words} | {_escaped(feature.meaning)} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    write_pages()
