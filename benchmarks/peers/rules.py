"""What the peers take from this project: the published table of columns and rules. How it is applied is their own."""

import datetime as dt
import re
from functools import cache
from pathlib import Path
from typing import Any

from santander.schema.columns import COLUMNS, PRODUCT_COLUMNS, PROFILE_COLUMNS, SOURCE_HEADER, Column

__all__ = ["COLUMNS", "FILES", "HOLDS", "PRODUCT_COLUMNS", "PROFILE_COLUMNS", "Column", "columns_of", "silent", "value_of"]

FILES = ("train_ver2.csv", "test_ver2.csv")
"""The landing files, in the order in which a repeated key keeps its first row; the second has no products."""

HOLDS = tuple(column.name for column in PRODUCT_COLUMNS)
"""The 24 products; bit i of ``holdings`` is the i-th."""


def landing_files(raw: Path) -> list[Path]:
    """The landing files that are there, in order."""
    return [raw / name for name in FILES if (raw / name).is_file()]


def columns_of(path: Path) -> tuple[Column, ...]:
    """The columns of a file: all 48, or the first 24."""
    with path.open(encoding="utf-8") as lines:
        return COLUMNS if len(lines.readline().split(",")) == len(SOURCE_HEADER) else PROFILE_COLUMNS


def silent(column: Column) -> list[str]:
    """The texts that are legal and say nothing."""
    return [*column.missing, *([column.null_value] if column.null_value else [])]


@cache
def value_of(column: Column, text: str) -> tuple[Any, str | None]:
    """The value of one text, and what is wrong with it, None when nothing is."""
    text = text.strip()
    is_legal = re.fullmatch(column.pattern, text)
    if column.is_whole:
        text = re.sub(r"^(-?[0-9]{1,18})\.0{1,20}$", r"\1", text)
    if text in silent(column):
        return None, None
    if not is_legal:
        return None, "unreadable"
    value: Any = text
    if column.first_character_only:
        value = text[0]
    elif column.type == "boolean":
        value = text in {"1", "S"}
    elif column.type == "date":
        try:
            value = dt.date.fromisoformat(text)
        except ValueError:
            return None, "unreadable"
    elif column.type == "double":
        value = float(text)
    elif column.type != "string":
        value = int(text)
    too_low = column.low is not None and value < column.low
    too_high = column.high is not None and value > column.high
    return (None, "out_of_range") if too_low or too_high else (value, None)
