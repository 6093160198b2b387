"""Awkward lines of every kind, decided by the cleaning and by the audit, and compared line by line."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from santander.audit.audit import Audit
from santander.audit.engine import Engine, open_engine
from santander.config.settings import Settings
from santander.ingest.cleaning import clean
from santander.ingest.ingestion import ingest
from santander.ingest.landing import read_chunk, survey
from santander.ingest.parsing import parse
from santander.ingest.reading import arranged
from santander.lake.lake import Lake
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.columns import COLUMNS
from tests.ingest.awkward_texts import TEXTS
from tests.ingest.oracle import SPELLINGS, as_judged, judged
from tests.landing_files import LEGAL, header

SOURCE = {column.name: column.source for column in COLUMNS}

TEXT = st.one_of(
    st.sampled_from(TEXTS),
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=4),
    st.text('0123456789.-+ eENA\t"\u00a0\u2003\x1f\x00', max_size=6),
    st.tuples(st.sampled_from(["", " ", "\t", "\u2002", "\x1d", "\u0085", "\x00"]), st.sampled_from(TEXTS)).map("".join),
)
KEYS = st.integers(1, 12).map(str)


def orders(columns: int) -> st.SearchStrategy[list[int]]:
    """Mostly the usual order of the columns, else any."""
    usual = list(range(columns))
    return st.one_of(st.just(usual), st.just(usual), st.permutations(usual))


@st.composite
def lines(draw: st.DrawFn, columns: int, order: list[int]) -> str:
    """Mostly a record with up to four fields replaced, now and then one with fields too many or too few, or no record."""
    kind = draw(st.integers(0, 19))
    if kind == 0:
        return draw(TEXT)
    fields = list(LEGAL.values())[:columns]
    fields[0] = draw(st.sampled_from(["2015-01-28", "2015-01-28", "2015-02-28", " 2016-12-28"]))
    fields[1] = draw(KEYS)
    for position, text in draw(st.dictionaries(st.integers(0, columns - 1), TEXT, max_size=4)).items():
        fields[position] = text
    fields = [fields[position] for position in order]
    if kind == 1:
        del fields[draw(st.integers(0, columns - 1))]
    if kind == 2:
        fields.insert(draw(st.integers(0, columns)), draw(TEXT))
    return ",".join(fields)


@st.composite
def landing_files(draw: st.DrawFn, columns: int | None = None) -> tuple[list[int], list[str], bytes]:
    """Order of the columns, lines and bytes of a file: with a byte order mark, Windows line ends, a newline at the end or not."""
    columns = columns or draw(st.sampled_from([48, 48, 48, 24]))
    order = draw(orders(columns))
    chosen = draw(st.lists(lines(columns, order), min_size=1, max_size=200))
    if draw(st.integers(0, 3)) == 0:
        chosen = [f"{line}\r" for line in chosen]
    end = "\n" if draw(st.booleans()) or not chosen[-1] else ""
    mark = "\ufeff" if draw(st.integers(0, 3)) == 0 else ""
    names = header(columns).split(",")
    first = ",".join(names[position] for position in order)
    return order, chosen, (mark + "\n".join([first, *chosen]) + end).encode()


@pytest.fixture(scope="module")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine(tmp_path_factory.mktemp("audit"), 1_000_000_000) as engine:
        yield engine


def cleaned(path: Path, chunk_bytes: int) -> list[dict[str, Any]]:
    """What the cleaning makes of each line of a file, in this process."""
    file = survey(path, chunk_bytes, path.parent)
    rows: list[dict[str, Any]] = []
    for chunk in file.chunks:
        parsed = arranged(parse(read_chunk(file.path, chunk), chunk.n_lines, file.columns.n_fields), file.columns)
        rows += clean(parsed, chunk.first_line, 0, null_spellings=SPELLINGS).to_pylist()
    assert sorted(row["line"] for row in rows) == list(range(2, file.lines + 2))
    return rows


def assert_decided_alike(duckdb: Engine, path: Path, chunk_bytes: int) -> dict[int, dict[str, Any]]:
    """Compare all lines of a file; what the audit made of them."""
    expected = judged(duckdb, path)
    found = as_judged(duckdb, cleaned(path, chunk_bytes))
    assert found.keys() == expected.keys()
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    for number, line in found.items():
        assert line == expected[number], repr(lines[number - 1])
    return expected


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(file=landing_files(), chunk_bytes=st.sampled_from([1024, 1 << 16, 1 << 24]))
def test_every_line_is_decided_as_the_audit_decides_it(
    duckdb: Engine, file: tuple[list[int], list[str], bytes], chunk_bytes: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(file[-1])
        assert_decided_alike(duckdb, path, chunk_bytes)


@pytest.mark.parametrize("step", [1, 29])
def test_every_text_in_every_column_is_decided_as_the_audit_decides_it(duckdb: Engine, tmp_path: Path, step: int) -> None:
    order = [place * step % 48 for place in range(48)]
    legal, names = [list(LEGAL.values())[i] for i in order], header().split(",")
    chosen = [",".join([*legal[:place], text, *legal[place + 1 :]]) for text in TEXTS for place in range(48)]
    path = tmp_path / "a.csv"
    path.write_bytes(("\n".join([",".join(names[i] for i in order), *chosen]) + "\n").encode())
    expected = assert_decided_alike(duckdb, path, 1 << 20)
    outcomes = {line["reason"] or "kept" for line in expected.values()}
    outcomes |= {reason for line in expected.values() for _, reason, _ in line.get("bad", ())}
    assert {"province_contradicts_code", "joined_after_snapshot"} <= outcomes
    assert outcomes - {rule.name for rule in BETWEEN_COLUMNS} == {
        "kept", "unreadable", "out_of_range", "bad_snapshot_date", "bad_customer_id", "bad_product_flag",
        "open_quote", "stray_carriage_return", "wrong_number_of_fields",
    }  # fmt: skip


def test_the_example_of_each_rule_between_columns_is_decided_as_the_audit_decides_it(duckdb: Engine, tmp_path: Path) -> None:
    chosen = [
        ",".join((LEGAL | {SOURCE[name]: text for name, text in rule.breaks_it.items()}).values()) for rule in BETWEEN_COLUMNS
    ]
    path = tmp_path / "a.csv"
    path.write_bytes(("\n".join([header(), *chosen]) + "\n").encode())
    lines = assert_decided_alike(duckdb, path, 1 << 20).values()
    assert [{reason for _, reason, _ in line["bad"]} for line in lines] == [{rule.name} for rule in BETWEEN_COLUMNS]


@pytest.mark.plan
@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(file=landing_files(48))
def test_a_whole_ingest_leaves_what_the_audit_expects(session: SparkSession, file: tuple[list[int], list[str], bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        legal = list(LEGAL.values())
        last = ",".join(legal[position] for position in file[0])
        path.write_bytes(file[-1].removesuffix(b"\n") + b"\n" + last.encode() + b"\n")
        lenient = Settings.load(data_dir=f"{folder}/data", ingest={"max_quarantine_share": 1.0})
        ingest(lenient, Lake(lenient, session), [path])
        audit = Audit(lenient)
        assert [difference for month in audit.run(audit.present) for difference in month.differences] == []
