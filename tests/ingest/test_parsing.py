import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santander.ingest.parsing import FIELD_COUNT, OPEN_QUOTE, STRAY_RETURN, KnownColumns, ParsedChunk, parse


def parsed(*lines: str, columns: int = 3) -> ParsedChunk:
    return parse(("\n".join(lines) + "\n").encode(), len(lines), columns)


def rows(chunk: ParsedChunk) -> list[list[str]]:
    return [list(row) for row in zip(*(column.to_pylist() for column in chunk.texts), strict=True)]


def test_quoted_commas_stay_inside_their_field() -> None:
    assert rows(parsed('1,"CORUÑA, A",3', "4,,6")) == [["1", "CORUÑA, A", "3"], ["4", "", "6"]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2", FIELD_COUNT),
        ("1,2,3,4", FIELD_COUNT),
        ('1,"2,3', OPEN_QUOTE),
        ('1","2,3', OPEN_QUOTE),  # an even number of quotes: the first is text, the second opens a field
        ("1,2\r,3", STRAY_RETURN),
    ],
)
def test_a_line_that_is_no_record_is_told_apart_and_its_neighbours_stay(line: str, reason: str) -> None:
    chunk = parsed("a,b,c", line, "d,e,f", "g,h,i")
    assert chunk.malformed == {1: reason}
    assert chunk.line(1) == line
    assert chunk.positions.tolist() == [0, 2, 3]
    assert rows(chunk) == [["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"]]


def test_an_open_quote_and_a_stray_return_do_not_hide_each_other() -> None:
    chunk = parsed('1,"2,3', "4,5\r,6", "7,8,9")
    assert chunk.malformed == {0: OPEN_QUOTE, 1: STRAY_RETURN}
    assert rows(chunk) == [["7", "8", "9"]]


def test_carriage_returns_at_line_ends_and_a_missing_last_newline_change_nothing() -> None:
    assert rows(parse(b"1,2,3\r\n4,5,6", 2, 3)) == [["1", "2", "3"], ["4", "5", "6"]]


field = st.text(alphabet='ab1 ,"\r\té', max_size=4)


@settings(max_examples=1_000)
@given(st.lists(st.lists(field, min_size=1, max_size=4).map(",".join), min_size=1, max_size=8))
def test_every_line_is_one_record_or_malformed_whatever_its_neighbours_are(lines: list[str]) -> None:
    chunk = parsed(*lines)
    assert sorted([*chunk.positions.tolist(), *chunk.malformed]) == list(range(len(lines)))
    for position, found in zip(chunk.positions.tolist(), rows(chunk), strict=True):
        text = lines[position].removesuffix("\r")
        assert found == (next(csv.reader([text])) if text else ["", "", ""])


LONG = 300
"""More lines than the reader looks at before it takes a column's texts to be of one length."""


@pytest.mark.parametrize("late", ["", "1", "abc", '"x,y"', "é", "\x7f "])
@pytest.mark.parametrize("width", [1, 2])
def test_texts_of_one_length_read_like_any_others_also_where_a_late_one_is_longer(late: str, width: int) -> None:
    usual = ["01"[i % 2].rjust(width) for i in range(LONG)]
    lines = [f"{text},{i % 7},{'' if i % 3 else 'NA'}" for i, text in enumerate(usual)]
    lines[LONG - 2] = f"{late},5,NA"
    known = KnownColumns(distinct=frozenset({1}))
    chunk = parse(("\n".join(lines) + "\n").encode(), LONG, 3, known)
    assert rows(chunk) == list(csv.reader(lines))
    fits = len(late.strip('"').encode()) in {0, width}
    assert known.uneven == (set() if fits else {0})
    again = parse(("\n".join(lines) + "\n").encode(), LONG, 3, known)  # as text from the start
    assert rows(again) == rows(chunk)
