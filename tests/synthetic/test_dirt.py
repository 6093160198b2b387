"""Dirt is put in between the clean rows, and dirty.json says what an ingest is to count."""

import csv
import json
import re
from collections import Counter, defaultdict

import pytest

from santander.bank.columns import COLUMNS
from tests.synthetic.conftest import DIRTY_SHARE, WrittenBank

VALUE_COLUMNS = ("sex", "age", "joined_on", "province_code", "household_income")
BAD_VALUES = {"sex": "X", "age": "200", "joined_on": "2015-02-31", "province_code": "99", "household_income": "abc"}


def fault_of(line: str, columns: int, keys: set[tuple[str, str]]) -> str | None:
    """The first rule of docs/data.md that a line breaks as a whole, read independently of the generator."""
    if line.count('"') % 2:
        return "open_quote"
    fields = next(csv.reader([line]))
    if len(fields) != columns:
        return "too_few_fields" if len(fields) < columns else "too_many_fields"
    key = (fields[0], fields[1])
    broken = {
        "unreadable_date": not re.fullmatch(r"\d{4}-\d{2}-\d{2}", fields[0]),
        "bad_day": not fields[0].endswith("-28"),
        "bad_key": not fields[1].isdigit(),
        "bad_product_flag": any(flag.strip() not in ("0", "1", "NA") for flag in fields[24:]),
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
        month = "unknown" if fault == "unreadable_date" else line[:7]
        if fault:
            rows[month][fault] += 1
            continue
        kept[month] += 1
        fields = next(csv.reader([line]))
        for name in VALUE_COLUMNS:
            values[month][name] += fields[place[name]] == BAD_VALUES[name]
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


def test_every_kind_occurs(dirty: WrittenBank) -> None:
    months = json.loads((dirty.folder / "dirty.json").read_text())["files"]["train_ver2.csv"].values()
    rows: Counter[str] = Counter()
    values: Counter[str] = Counter()
    for month in months:
        rows.update(month["rows"])
        values.update(month["values"])
    assert len(rows) == 8
    assert len(values) == 5
    assert (rows.total() + values.total()) / len(dirty.train) == pytest.approx(DIRTY_SHARE, rel=0.05)


def test_every_clean_row_is_still_there_but_for_the_damaged_values(clean: WrittenBank, dirty: WrittenBank) -> None:
    for before, after in ((clean.train, dirty.train), (clean.test, dirty.test)):
        gone = Counter(before) - Counter(after)
        assert gone.total() < 0.012 * len(before)
        assert {line.split(",")[1] for line in gone} <= {line.split(",")[1] for line in after}


def test_the_first_of_two_equal_keys_is_the_clean_one(clean: WrittenBank, dirty: WrittenBank) -> None:
    clean_lines = set(clean.train)
    keys: set[tuple[str, str]] = set()
    repeated = [line for line in dirty.train if fault_of(line, 48, keys) == "duplicate_key"]
    assert repeated
    assert not any(line in clean_lines for line in repeated)
