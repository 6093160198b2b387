"""Awkward lines of every kind, decided by the library and by the oracle, and compared line by line."""

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.ingest.cleaning import clean
from santander.ingest.ingestion import ingest
from santander.ingest.landing import read_chunk, survey
from santander.ingest.parsing import parse
from santander.lake.lake import Lake
from tests.ingest.awkward_texts import TEXTS
from tests.ingest.oracle import KEY, PRODUCTS, PROFILE, SPELLINGS, Verdict, judge, without_repeated_keys
from tests.landing_files import LEGAL, header

COLUMNS = [*(name for name, *_ in (*KEY, *PROFILE)), *PRODUCTS, "holdings"]

TEXT = st.one_of(
    st.sampled_from(TEXTS),
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=4),
    st.text('0123456789.-+ eENA\t"\u00a0\u2003\x1f\x00', max_size=6),
    st.tuples(st.sampled_from(["", " ", "\t", "\u2002", "\x1d", "\u0085", "\x00"]), st.sampled_from(TEXTS)).map("".join),
)
KEYS = st.integers(1, 12).map(str)


@st.composite
def lines(draw: st.DrawFn, columns: int) -> str:
    """Mostly a record with up to four fields replaced, now and then one with fields too many or too few, or no record."""
    kind = draw(st.integers(0, 19))
    if kind == 0:
        return draw(TEXT)
    fields = list(LEGAL.values())[:columns]
    fields[0] = draw(st.sampled_from(["2015-01-28", "2015-01-28", "2015-02-28", " 2016-12-28"]))
    fields[1] = draw(KEYS)
    for position, text in draw(st.dictionaries(st.integers(0, columns - 1), TEXT, max_size=4)).items():
        fields[position] = text
    if kind == 1:
        del fields[draw(st.integers(0, columns - 1))]
    if kind == 2:
        fields.insert(draw(st.integers(0, columns)), draw(TEXT))
    return ",".join(fields)


@st.composite
def landing_files(draw: st.DrawFn, columns: int | None = None) -> tuple[int, list[str], bytes]:
    """Columns, lines and bytes of a file: with and without a byte order mark, Windows line ends, a newline at the end."""
    columns = columns or draw(st.sampled_from([48, 48, 48, 24]))
    chosen = draw(st.lists(lines(columns), min_size=1, max_size=200))
    if draw(st.integers(0, 3)) == 0:
        chosen = [f"{line}\r" for line in chosen]
    end = "\n" if draw(st.booleans()) or not chosen[-1] else ""
    mark = "\ufeff" if draw(st.integers(0, 3)) == 0 else ""
    return columns, chosen, (mark + "\n".join([header(columns), *chosen]) + end).encode()


def cleaned(path: Path, chunk_bytes: int) -> dict[int, dict[str, Any]]:
    """What the library makes of each line of a file, in this process."""
    file = survey(path, chunk_bytes, path.parent)
    rows: list[dict[str, Any]] = []
    for chunk in file.chunks:
        parsed = parse(read_chunk(file.path, chunk), chunk.n_lines, file.n_columns)
        rows += clean(parsed, chunk.first_line, 0, null_spellings=SPELLINGS).to_pylist()
    assert sorted(row["line"] for row in rows) == list(range(2, file.lines + 2))
    return {row["line"]: row for row in rows}


def as_the_library_says(verdict: Verdict) -> dict[str, Any]:
    columns = verdict.row or dict.fromkeys(COLUMNS)
    bad = [{"column": column, "reason": reason, "raw": raw} for column, reason, raw in verdict.bad] or None
    month = verdict.month if verdict.reason else None
    return {**columns, "row_reason": verdict.reason, "row_month": month, "row_raw": verdict.raw, "bad_values": bad}


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(landing_files(), st.sampled_from([1024, 1 << 16, 1 << 24]))
def test_every_line_is_decided_as_the_oracle_decides_it(file: tuple[int, list[str], bytes], chunk_bytes: int) -> None:
    columns, chosen, content = file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        found = cleaned(path, chunk_bytes)
    for number, text in enumerate(chosen, start=2):
        expected = as_the_library_says(judge(text, number, columns))
        assert {name: found[number][name] for name in expected} == expected, repr(text)


def test_every_text_in_every_column_is_decided_as_the_oracle_decides_it(tmp_path: Path) -> None:
    chosen = [
        ",".join([*list(LEGAL.values())[:position], text, *list(LEGAL.values())[position + 1 :]])
        for text in TEXTS
        for position in range(48)
    ]
    path = tmp_path / "a.csv"
    path.write_bytes(("\n".join([header(), *chosen]) + "\n").encode())
    found = cleaned(path, 1 << 16)
    outcomes: set[str] = set()
    for number, text in enumerate(chosen, start=2):
        verdict = judge(text, number, 48)
        expected = as_the_library_says(verdict)
        assert {name: found[number][name] for name in expected} == expected, repr(text)
        outcomes |= {verdict.reason or "kept", *(reason for _, reason, _ in verdict.bad)}
    assert outcomes == {
        "kept", "unreadable", "out_of_range", "bad_snapshot_date", "bad_customer_id", "bad_product_flag",
        "open_quote", "stray_carriage_return", "wrong_number_of_fields",
    }  # fmt: skip


@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(file=landing_files(48))
def test_a_whole_ingest_leaves_what_the_oracle_leaves(session: SparkSession, file: tuple[int, list[str], bytes]) -> None:
    _, chosen, content = file
    legal = ",".join(LEGAL.values())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content.removesuffix(b"\n") + b"\n" + legal.encode() + b"\n")
        chosen = [*chosen, legal]
        lenient = Settings.load(data_dir=f"{folder}/data", ingest={"max_quarantine_share": 1.0})
        ingest(lenient, Lake(lenient, session), [path])
        customers, quarantine = (
            DeltaTable(f"{lenient.lake}/{name}").to_pyarrow_table().to_pylist() for name in ("customers", "quarantine")
        )
    verdicts = without_repeated_keys((judge(text, number, 48) for number, text in enumerate(chosen, start=2)), chosen)
    rows = {verdict.key: verdict.row for verdict in verdicts if verdict.row}
    assert {(row["snapshot_date"], row["customer_id"]): row for row in customers} == rows
    assert len(customers) == len(rows)
    assert sorted(map(_entry, quarantine)) == sorted(_expected_entries(verdicts, {date for date, _ in filter(None, rows)}))


def _entry(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] or "" for name in ("line", "month", "scope", "reason", "column", "raw"))


def _expected_entries(verdicts: Sequence[Verdict], snapshots: set[dt.date]) -> list[tuple[Any, ...]]:
    months = {f"{date:%Y-%m}" for date in snapshots}
    entries: list[tuple[Any, ...]] = []
    for verdict in verdicts:
        if verdict.reason:
            month = verdict.month if verdict.month in months else "unknown"
            entries.append((verdict.line, month, "row", verdict.reason, "", verdict.raw))
        entries += [(verdict.line, verdict.month, "value", reason, column, raw) for column, reason, raw in verdict.bad]
    return entries
