"""The page docs/features.md, made from the declaration: ``python -m santander.features.reference`` writes it."""

import sys
from pathlib import Path

from santander.errors import SantanderError
from santander.features.made import require_functions
from santander.features.rows import FAMILIES
from santander.schema.features import FAMILY_MEANING, FEATURE_SET, FEATURES, HISTORY_MONTHS, Family, Feature

PAGE = Path(__file__).resolve().parents[2] / "docs" / "features.md"

_OWN = Path(__file__).parent / "own" / "reference.md"

_HEAD = f"""# Features

Feature set `{FEATURE_SET}`: {len(FEATURES)} features of one customer in one month, columns of the Delta table `features`
and fields of the Feast views below. A row of month M holds the profile of M and the products of the {HISTORY_MONTHS} months
before M, never those of M; it is stamped with M's snapshot date. All features are numbers. A bitmask has bit i set for
product i (`santander/schema/products.py`). A file of your own [adds a family](#families-of-your-own);
[families](families/README.md) has a page of each.

This page is generated from `santander/schema/features.py` and `santander/features/own/reference.md`; `make docs`
writes it anew."""


def feature_page() -> str:
    """The page as Markdown: one table a family, one line a feature, and how a user adds a family."""
    own = _OWN.read_text(encoding="utf-8").rstrip()
    return "\n\n".join([_HEAD, *map(_section, Family), own]) + "\n"


def _section(family: Family) -> str:
    lines = [_line(each) for each in FEATURES if each.family is family]
    table = "\n".join(["| feature | type | range | meaning |", "|---|---|---|---|", *lines])
    return f"## {family.value}\n\n{FAMILY_MEANING[family]}.\n\n{table}"


def _line(feature: Feature) -> str:
    words = "yes or no" if feature.range is None else feature.range.words
    return f"| `{feature.name}` | {feature.type} | {words} | {_escaped(feature.meaning)} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def write_page() -> None:
    """Write the page; ends the process with one line where a declared feature has no function."""
    try:
        require_functions(FAMILIES)
    except SantanderError as error:
        sys.exit(f"error: {error}")
    PAGE.write_text(feature_page(), encoding="utf-8")


if __name__ == "__main__":
    write_page()
