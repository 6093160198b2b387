"""The verb as a user sees it: counts, a listing that no text can steer, files to correct. No engine is started for these."""

import csv
import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from santander.cli.refused_entries import shown
from santander.cli.verbs.quarantine import quarantine
from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.schema.catalogue import INGESTIONS, QUARANTINE
from tests.landing_files import record

SHA = "0123456789abcdef" + "0" * 48
HOSTILE = "a[bold red]b[/bold red]\x1b[31m\x07,\u202eevil"


def entry(line: int, reason: str, **changes: Any) -> dict[str, Any]:
    defaults = {
        "ingestion_id": "one", "file": "raw/[bold]a.csv", "file_sha256": SHA, "month": "2015-01", "line": line, "scope": "row",
        "reason": reason, "column": None, "raw": record(line), "customer_id": None, "resolved_by": None,
    }  # fmt: skip
    return defaults | changes


def marker(ingestion_id: str, month: str, second: int, *, mode: str = "replace") -> dict[str, Any]:
    return {
        "ingestion_id": ingestion_id, "file": "a.csv", "file_sha256": SHA, "month": month, "has_products": True, "read": 10,
        "kept": 5, "quarantined_rows": 5, "rows_with_quarantined_values": 1, "mode": mode, "inserted": 5,
        "ingested_at": dt.datetime(2026, 1, 1, 0, 0, second, tzinfo=dt.UTC),
    }  # fmt: skip


@pytest.fixture
def data(settings: Settings) -> str:
    """Two months of one file, one of them delivered anew since, a replay, and an ingest that never ended."""
    lake = Lake(settings)
    lake.append_rows(
        QUARANTINE,
        [
            entry(2, "bad_product_flag", raw=HOSTILE),
            entry(3, "bad_product_flag"),
            entry(4, "out_of_range", scope="value", column="age", raw="200", customer_id=4),
            entry(5, "duplicate_key", resolved_by="two"),
            entry(6, "open_quote", resolved_by="never ended"),
            entry(7, "bad_customer_id", month="2015-02"),
            entry(8, "bad_snapshot_date", month="unknown"),
            entry(9, "open_quote", ingestion_id="never ended"),
            entry(10, "erased", raw=None),
        ],
    )
    lake.append_rows(
        INGESTIONS,
        [
            *(marker("one", month, 1) for month in ("2015-01", "2015-02", "unknown")),
            marker("two", "2015-01", 2, mode="merge"),
            marker("three", "2015-02", 3),
        ],
    )
    return settings.data_dir


def call(data: str, **options: Any) -> None:
    defaults = {"files": None, "replay": False, "export": None, "month": None, "scope": None, "reason": None}
    shared = {"data_dir": data, "state_dir": None, "master": None, "json": False, "verbose": False, "quiet": False}
    quarantine(
        SimpleNamespace(obj=None),
        **(defaults | {"all_states": False, "refused": False, "rows": False, "limit": 20} | shared | options),
    )


def payload(capsys: pytest.CaptureFixture[str], data: str, **options: Any) -> dict[str, Any]:
    call(data, json=True, **options)
    return dict(json.loads(capsys.readouterr().out))


def test_what_is_open_is_counted_by_month_and_reason(capsys: pytest.CaptureFixture[str], data: str) -> None:
    found = payload(capsys, data)
    assert found["months"] == {
        "2015-01": {"rows": 3, "values": 1, "reasons": {"bad_product_flag": 2, "open_quote": 1, "out_of_range": 1}},
        "unknown": {"rows": 1, "values": 0, "reasons": {"bad_snapshot_date": 1}},
    }
    states = {"open": 5, "resolved": 1, "superseded": 1, "unfinished": 1, "erased": 1}
    assert {name: found[name] for name in states} == states
    assert sum(month["rows"] + month["values"] for month in payload(capsys, data, all_states=True)["months"].values()) == 9


def test_month_scope_and_reason_choose(capsys: pytest.CaptureFixture[str], data: str) -> None:
    assert payload(capsys, data, month="2015-02")["open"] == 0
    assert payload(capsys, data, scope="value")["months"]["2015-01"]["reasons"] == {"out_of_range": 1}
    assert payload(capsys, data, reason="open_quote", month="2015-01")["open"] == 1
    with pytest.raises(InputError, match="'january' is not a month"):
        call(data, month="january")


def test_the_listing_shows_texts_as_texts(capsys: pytest.CaptureFixture[str], data: str) -> None:
    call(data, rows=True, limit=2)
    out = capsys.readouterr().out
    assert "a[bold red]b[/bold red]\\x1b[31m\\x07,\\u202eevil" in out
    assert "raw/[bold]a.csv" in out
    assert "\x1b[31m" not in out
    assert "2 of 5" in out
    listed = payload(capsys, data, rows=True, limit=2)["entries"]
    assert [(row["quarantine_id"], row["raw"]) for row in listed] == [
        ("0123456789abcdef:2", HOSTILE),
        ("0123456789abcdef:3", record(3)),
    ]


def test_the_listing_names_the_broken_field_of_a_whole_line(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    lake = Lake(settings)
    lake.append_rows(QUARANTINE, [entry(2, "bad_product_flag", raw=record(4, ind_recibo_ult1="yes"))])
    lake.append_rows(INGESTIONS, [marker("one", "2015-01", 1)])
    (listed,) = payload(capsys, settings.data_dir, rows=True)["entries"]
    assert (listed["column"], listed["raw"]) == (None, record(4, ind_recibo_ult1="yes"))
    assert (listed["source_column"], listed["text"], listed["must_be"]) == ("ind_recibo_ult1", "yes", "0 or 1")
    call(settings.data_dir, rows=True)
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("ind_recibo_ult1", "yes", "0 or 1"))


def test_nothing_in_quarantine_is_said_so(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    Path(settings.data_dir).mkdir()
    assert payload(capsys, settings.data_dir)["months"] == {}
    call(settings.data_dir)
    assert "nothing is in quarantine" in capsys.readouterr().out


def test_an_export_cannot_swallow_lines_and_replaces_no_file(
    capsys: pytest.CaptureFixture[str], settings: Settings, tmp_path: Path
) -> None:
    lake = Lake(settings)
    raws = ['2015-01-28,1,"MALAGA,x', "2015-01-28,2,a\rb", "", record(4, cod_prov="15", nomprov='"CORUÑA, A"')]
    lake.append_rows(QUARANTINE, [entry(line, "open_quote", raw=raw) for line, raw in enumerate(raws, 2)])
    lake.append_rows(INGESTIONS, [marker("one", "2015-01", 1)])
    file = tmp_path / "fix.csv"
    assert payload(capsys, settings.data_dir, export=str(file))["files"] == {str(file): 4}
    with file.open(newline="") as lines:
        names, *rows = csv.reader(lines)
    assert (names[:2], names[-1], len(names)) == (["quarantine_id", "fecha_dato"], "reason", 50)
    assert [row[0] for row in rows] == [f"0123456789abcdef:{line}" for line in range(2, 6)]
    assert [row[1:-1] for row in rows] == [
        ["2015-01-28", "1", "MALAGA,x"],
        ["2015-01-28", "2", "a\rb"],
        [],
        next(csv.reader([raws[3]])),
    ]
    with pytest.raises(InputError, match=r"fix.csv: is there already"):
        call(settings.data_dir, export=str(file))
    with pytest.raises(InputError, match=r"fix.csv: there is no folder .*/new folder: make it by: mkdir -p '.*/new folder'$"):
        call(settings.data_dir, export=str(tmp_path / "new folder" / "fix.csv"))
    assert not (tmp_path / "new folder").exists()


def test_lines_that_repeat_a_key_are_exported_when_asked_for_only(
    capsys: pytest.CaptureFixture[str], settings: Settings, tmp_path: Path
) -> None:
    lake = Lake(settings)
    lake.append_rows(QUARANTINE, [entry(2, "duplicate_key"), entry(3, "bad_product_flag")])
    lake.append_rows(INGESTIONS, [marker("one", "2015-01", 1)])
    found = payload(capsys, settings.data_dir, export=str(tmp_path / "all.csv"))
    assert (list(found["files"].values()), found["left_out"]) == ([1], 1)
    found = payload(capsys, settings.data_dir, export=str(tmp_path / "repeated.csv"), reason="duplicate_key")
    assert (list(found["files"].values()), found["left_out"]) == ([1], 0)


def test_lines_of_several_files_are_exported_after_a_correction_was_marked(
    capsys: pytest.CaptureFixture[str], settings: Settings, tmp_path: Path
) -> None:
    lake = Lake(settings)
    lake.append_rows(QUARANTINE, [entry(2, "open_quote"), entry(3, "open_quote"), entry(2, "open_quote", file_sha256="f" * 64)])
    lake.append_rows(INGESTIONS, [marker("one", "2015-01", 1), marker("one", "2015-01", 1) | {"file_sha256": "f" * 64}])
    assert lake.update_rows(QUARANTINE, "line = 3", {"resolved_by": "one"}) == 1  # as a replay marks what it took in
    assert payload(capsys, settings.data_dir, export=str(tmp_path / "rest.csv"))["files"] == {str(tmp_path / "rest.csv"): 2}


@pytest.mark.parametrize("options", [{"replay": True}, {"files": ["a.csv"]}, {"replay": True, "files": ["a.csv"], "rows": True}])
def test_replay_and_files_go_together_and_stand_alone(data: str, options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="--replay"):
        call(data, **options)


def test_long_texts_are_cut_for_display() -> None:
    assert shown("x" * 100, 10) == "x" * 9 + "…"
    assert shown("x" * 100 + "end", 5, keep_end=True) == "…xend"
    assert shown("\x00" * 100, 10) == "\\x00\\x00\\…"
