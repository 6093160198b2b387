"""docs/ask-the-tables.md, block by block: each of them runs, and all answers of one question are the same."""

import ast
import datetime as dt
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from pyspark.sql import SparkSession

from tests.conftest import Bank

PAGE = (Path(__file__).parents[2] / "docs" / "ask-the-tables.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(python|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPENING, *QUESTIONS = PAGE.split("\n## ")
Row = tuple[Any, ...]


def answer_of(code: str, names: dict[str, Any]) -> Any:
    """Run a block and return what its last line comes to, as an interpreter shows it; None for a block of statements alone."""
    *before, last = ast.parse(code).body
    exec(compile(ast.Module(before, []), "page", "exec"), names)  # noqa: S102  (the page is what is tested)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), "page", "eval"), names)  # noqa: S307
    exec(compile(ast.Module([last], []), "page", "exec"), names)  # noqa: S102
    return None


def rows_of(answer: Any) -> list[Row]:
    """The rows of an answer of any library, in one order."""
    match answer:
        case pd.Series():
            rows = answer.reset_index().itertuples(index=False)
        case pd.DataFrame():
            rows = (
                answer if isinstance(answer.index, pd.RangeIndex) or answer.index.name is None else answer.reset_index()
            ).itertuples(index=False)
        case pl.DataFrame():
            rows = answer.iter_rows()
        case _:
            rows = answer.fetchall() if hasattr(answer, "fetchall") else answer.collect()
    return sorted((tuple(map(plain, row)) for row in rows), key=repr)


def plain(value: Any) -> object:
    """A value as every library would have it: null as None, a day as a date, a number to six digits."""
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NaT:
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    return round(float(value), 6) if isinstance(value, int | float) or hasattr(value, "dtype") else value


@pytest.fixture(scope="module")
def names(scored_bank: Bank, session: SparkSession) -> Iterator[dict[str, Any]]:
    """What the blocks before the first question define, run where the folder ``data`` is."""
    found: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(scored_bank.settings.data.parent)
        for _, code in BLOCK.findall(OPENING):
            answer_of(code, found)
        yield found
        found["lake"].close()


@pytest.mark.plan
@pytest.mark.parametrize("question", QUESTIONS, ids=[question.splitlines()[0] for question in QUESTIONS])
def test_every_library_gives_the_same_answer(names: dict[str, Any], question: str) -> None:
    answers = []
    for language, code in BLOCK.findall(question):
        if language == "sql":
            answers += [names["lake"].sql(code), names["lake"].spark_sql(code)]
        else:
            answers.append(answer_of(code, dict(names)))
    first, *others = map(rows_of, answers)
    assert first
    assert len(others) >= 3
    for other in others:
        assert other == first


def test_the_page_asks_five_questions() -> None:
    assert len(QUESTIONS) == 5
