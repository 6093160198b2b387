"""Dirt is put in between the clean rows, and dirty.json says what an ingest is to count."""

import csv
import json
import re
from collections import Counter, defaultdict

import pytest

from santander.schema.columns import COLUMNS, PROFILE_COLUMNS
from tests.synthetic.conftest import DIRTY_SHARE, WrittenBank

BAD_VALUES = {
    f"{column.name}:{fault}": text
    for column in PROFILE_COLUMNS
    for fault, text in (("unreadable", column.unreadable), ("out_of_range", column.outside))
    if text
}


def fault_of(line: str, columns: int, keys: set[tuple[str, str]]) -> str | None:
    """The first rule of docs/data.md that a line breaks as a whole, read independently of the generator."""
    if not line:
        return "empty_line"
    if "\r" in line:
        return "stray_return"
    if line.count('"') % 2:
        return "open_quote"
    fields = next(csv.reader([line]))
    if len(fields) != columns:
        return "too_few_fields" if len(fields) < columns else "too_many_fields"
    key = (fields[0], fields[1])
    flags = [flag.strip() for flag in fields[24:]]
    broken = {
        "unreadable_date": not re.fullmatch(r"\d{4}-\d{2}-\d{2}", fields[0]),
        "bad_day": not fields[0].endswith("-28"),
        "no_key": not fields[1],
        "zero_key": fields[1] == "0",
        "bad_key": not fields[1].isdigit(),
        "empty_product_flag": "" in flags,
        "bad_product_flag": any(flag not in ("0", "1", "NA") for flag in flags),
        "duplicate_key": key in keys,
    }
    fault = next((rule for rule, is_broken in broken.items() if is_broken), None)
    if fault is None:
        keys.add(key)
    return fault


def counted(lines: list[str], columns: int) -> dict[str, dict[str, object]]:
    """The content of dirty.json for one file, counted from its lines."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    values: dict[str, Counter[str]] = defaultdict(Counter)
    kept: Counter[str] = Counter()
    keys: set[tuple[str, str]] = set()
    place = {column.name: position for position, column in enumerate(COLUMNS)}
    for line in lines:
        fault = fault_of(line, columns, keys)
        month = "unknown" if fault in ("unreadable_date", "empty_line") else line[:7]
        if fault:
            rows[month][fault] += 1
            continue
        kept[month] += 1
        fields = next(csv.reader([line]))
        for kind, text in BAD_VALUES.items():
            values[month][kind] += fields[place[kind.partition(":")[0]]] == text
    return {
        month: {
            "read": kept[month] + rows[month].total(),
            "kept": kept[month],
            "quarantined": rows[month].total(),
            "rows": dict(rows[month]),
            "values": {name: number for name, number in values[month].items() if number},
        }
        for month in {*kept, *rows}
    }


def test_dirty_json_counts_what_is_in_the_files(dirty: WrittenBank) -> None:
    written = json.loads((dirty.folder / "dirty.json").read_text())["files"]
    assert written["train_ver2.csv"] == counted(dirty.train, 48)
    assert written["test_ver2.csv"] == counted(dirty.test, 24)


def test_the_list_of_dirty_lines_names_the_lines_that_are_damaged_and_no_other(clean: WrittenBank, dirty: WrittenBank) -> None:
    with (dirty.folder / "dirty" / "lines.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    place = {column.name: position for position, column in enumerate(COLUMNS)}
    for name, before, after in (("train_ver2.csv", clean.train, dirty.train), ("test_ver2.csv", clean.test, dirty.test)):
        rows = [row for row in listed if row["file"] == name]
        for row in rows:
            line = after[int(row["line"]) - 2]
            said = line if row["scope"] == "row" else next(csv.reader([line]))[place[row["column"]]]
            assert said == row["raw"]
        damaged = {int(row["line"]) - 2 for row in rows}
        values = Counter(after[int(row["line"]) - 2] for row in rows if row["scope"] == "value")
        untouched = Counter(line for position, line in enumerate(after) if position not in damaged)
        assert len(damaged) == len(rows)
        assert not untouched - Counter(before)
        assert untouched.total() + values.total() == len(before)


def test_every_kind_occurs(dirty: WrittenBank) -> None:
    months = json.loads((dirty.folder / "dirty.json").read_text())["files"]["train_ver2.csv"].values()
    rows: Counter[str] = Counter()
    values: Counter[str] = Counter()
    for month in months:
        rows.update(month["rows"])
        values.update(month["values"])
    assert len(rows) == 13
    assert set(values) == set(BAD_VALUES)
    assert (rows.total() + values.total()) / len(dirty.train) == pytest.approx(DIRTY_SHARE, rel=0.05)


def test_every_clean_row_is_still_there_but_for_the_damaged_values(clean: WrittenBank, dirty: WrittenBank) -> None:
    for before, after in ((clean.train, dirty.train), (clean.test, dirty.test)):
        gone = Counter(before) - Counter(after)
        assert gone.total() < DIRTY_SHARE * len(before)
        assert {line.split(",")[1] for line in gone} <= {line.split(",")[1] for line in after if line}


def test_the_first_of_two_equal_keys_is_the_clean_one(clean: WrittenBank, dirty: WrittenBank) -> None:
    clean_lines = set(clean.train)
    keys: set[tuple[str, str]] = set()
    repeated = [line for line in dirty.train if fault_of(line, 48, keys) == "duplicate_key"]
    assert repeated
    assert not any(line in clean_lines for line in repeated)
