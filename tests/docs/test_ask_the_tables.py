"""docs/ask-the-tables.md, block by block: each of them runs, and all answers of one question are the same.

On a push the questions are asked of a bank that other tests share; at night of the one that ``make run`` makes, whose answers
the page shows.
"""

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

PAGE = (Path(__file__).parents[2] / "docs" / "ask-the-tables.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(python|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^```text shown\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPENING, *QUESTIONS = PAGE.split("\n## ")
Row = tuple[Any, ...]


def answers_of(code: str, names: dict[str, Any]) -> list[Any]:
    """Run a block and return the values of its expressions, as an interpreter shows them."""
    found = []
    for statement in ast.parse(code).body:
        if isinstance(statement, ast.Expr):
            found.append(eval(compile(ast.Expression(statement.value), "page", "eval"), names))  # noqa: S307  (the page is tested)
        else:
            exec(compile(ast.Module([statement], []), "page", "exec"), names)  # noqa: S102
    return found


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
def names(data: Path, session: SparkSession) -> Iterator[dict[str, Any]]:
    """What the blocks before the first question define, run where the folder ``data`` is."""
    assert session
    found: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(data.parent)
        for _, code in BLOCK.findall(OPENING):
            answers_of(code, found)
        yield found
        found["lake"].close()


@pytest.mark.plan
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("question", QUESTIONS, ids=[question.splitlines()[0] for question in QUESTIONS])
def test_every_library_gives_the_same_answer(names: dict[str, Any], question: str, shows_answers: bool) -> None:
    answers = []
    for language, code in BLOCK.findall(question):
        if language == "sql":
            answers += [names["lake"].sql(code), names["lake"].spark_sql(code)]
        else:
            answers += answers_of(code, dict(names))
    if shows_answers:
        for shown in SHOWN.findall(question):
            assert [line.rstrip() for line in str(answers[0].limit(5)).splitlines()] == shown.splitlines()
    first, *others = map(rows_of, answers)
    assert first
    assert len(others) >= 3
    for other in others:
        assert other == first


def test_the_page_asks_five_questions_and_shows_their_answers() -> None:
    assert [len(SHOWN.findall(question)) for question in QUESTIONS] == [1, 1, 1, 1, 1, 0]
