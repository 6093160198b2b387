"""Corrections come back in by key: what they say is taken, all else stays as it is, and what they correct is marked."""

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.ingest import export
from santander.ingest.entries import State, read_entries
from santander.ingest.export import export_corrections
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.holders import last_ingestions, merges_since
from santander.ingest.ingestion import ingest
from santander.ingest.merging import inserted_by_unfinished
from santander.ingest.refused import read_refused
from santander.ingest.replay import ReplayReport, replay
from santander.lake.ingestions import read_ingestions
from santander.lake.lake import Lake
from santander.lake.table_schema import RowCountMismatch
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE, Table
from santander.schema.months import Month
from tests.landing_files import header, landing_file, record

JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)
LINES = [
    record(1),
    record(2, age="200", sexo="X"),
    record(3, cod_prov="15", nomprov='"CORUÑA, A"', renta="87218.100000000006"),
    record("4x"),
    record(5, ind_cco_fin_ult1="7"),
    record(6) + ",0",
    record(1, age=" 77"),
    record(1, "2015-02"),
    record(9, "2015-02", ind_recibo_ult1="2"),
]
"""Kept: customers 1, 2 (two values lost) and 3 of January, 1 of February; the rest is in quarantine: lines 5 to 8 and 10."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, session: SparkSession) -> Path:
    """The data folder of one ingest, which every test has a copy of."""
    folder = tmp_path_factory.mktemp("replay")
    settings = Settings.load(data_dir=str(folder / "data"), ingest={"max_quarantine_share": 1.0})
    ingest(settings, Lake(settings, session), [landing_file(folder / "a.csv", LINES)])
    return folder / "data"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(data_dir=str(tmp_path / "data"), ingest={"max_quarantine_share": 1.0})


@pytest.fixture
def ingested(settings: Settings, session: SparkSession, whole: Path, tmp_path: Path) -> Lake:
    shutil.copytree(whole, tmp_path / "data")
    return Lake(settings, session)


def corrections(path: Path, rows: Sequence[tuple[str, str]], *, columns: int = 48) -> Path:
    """A file whose lines begin with a quarantine id."""
    path.write_text("\n".join([f"quarantine_id,{header(columns)}", *(f"{key},{line}" for key, line in rows)]) + "\n")
    return path


def customers(lake: Lake) -> dict[tuple[int, str], dict[str, Any]]:
    rows = lake.rows(CUSTOMERS)
    found = {(row["customer_id"], str(Month.of(row["snapshot_date"]))): row for row in rows}
    assert len(found) == len(rows)
    return found


def entries(lake: Lake, *states: State) -> list[tuple[str, int, str, str | None]]:
    chosen = [entry for entry in read_entries(lake) if entry.state in (states or (State.OPEN,))]
    return [(Path(entry.file).name, entry.line, entry.reason, entry.column) for entry in chosen]


def id_of(lake: Lake, line: int) -> str:
    return next(entry.quarantine_id for entry in read_entries(lake) if entry.line == line)


def run(settings: Settings, lake: Lake, *files: Path) -> ReplayReport:
    return replay(settings, lake, files)


def test_every_quarantined_line_knows_its_customer_where_that_can_be_told(ingested: Lake) -> None:
    found = {(entry.line, entry.column): entry.customer_id for entry in read_entries(ingested)}
    assert found == {(3, "age"): 2, (3, "sex"): 2, (5, None): None, (6, None): 5, (7, None): 6, (8, None): 1, (10, None): 9}
    assert all(row["resolved_by"] is None for row in ingested.rows(QUARANTINE))
    markers = [(row["mode"], row["inserted"] == row["kept"]) for row in ingested.rows(INGESTIONS)]
    assert set(markers) == {("replace", True)}


@pytest.mark.plan
def test_a_correction_is_merged_by_key_and_all_other_rows_stay(settings: Settings, ingested: Lake, tmp_path: Path) -> None:
    before = customers(ingested)
    untouched = ingested.fingerprints(CUSTOMERS)[FEBRUARY]
    rows = [(id_of(ingested, 5), record(4)), (id_of(ingested, 3), record(2, age=" 20", ind_cco_fin_ult1="1"))]
    report = run(settings, ingested, corrections(tmp_path / "fix.csv", rows))
    after = customers(ingested)
    assert set(after) - set(before) == {(4, "2015-01")}
    assert (after[2, "2015-01"]["age"], after[2, "2015-01"]["sex"], after[2, "2015-01"]["holdings"]) == (20, "H", 4)
    assert {key: row for key, row in after.items() if key in before and key[0] != 2} == {
        key: row for key, row in before.items() if key[0] != 2
    }
    assert ingested.fingerprints(CUSTOMERS)[FEBRUARY] == untouched
    assert (report.inserted, report.resolved) == ({"2015-01": 1}, 3)
    assert entries(ingested, State.RESOLVED) == [
        ("a.csv", 3, "out_of_range", "age"), ("a.csv", 3, "unreadable", "sex"), ("a.csv", 5, "bad_customer_id", None)
    ]  # fmt: skip
    assert [line for _, line, *_ in entries(ingested)] == [6, 7, 8, 10]
    marker = next(row for row in ingested.rows(INGESTIONS) if row["mode"] == "merge")
    assert (marker["read"], marker["kept"], marker["quarantined_rows"], marker["inserted"]) == (2, 2, 0, 1)
    assert {row["resolved_by"] for row in ingested.rows(QUARANTINE)} == {None, marker["ingestion_id"]}


def test_without_an_id_the_key_and_month_say_what_is_corrected(settings: Settings, ingested: Lake, tmp_path: Path) -> None:
    run(settings, ingested, landing_file(tmp_path / "fix.csv", [record(5), record(9, "2015-02")]))
    assert [line for _, line, *_ in entries(ingested, State.RESOLVED)] == [6, 10]
    assert customers(ingested)[9, "2015-02"]["age"] == 35
    assert ingested.rows_by_month(CUSTOMERS) == {JANUARY: 4, FEBRUARY: 2}


def test_the_same_replay_again_leaves_the_same_content(settings: Settings, ingested: Lake, tmp_path: Path) -> None:
    rows = [(id_of(ingested, 5), record(4)), (id_of(ingested, 6), record(5, ind_cco_fin_ult1="8")), ("", record(6, age="x"))]
    file = corrections(tmp_path / "fix.csv", rows)
    run(settings, ingested, file)
    first = customers(ingested), entries(ingested, *State)
    again = run(settings, ingested, file)
    assert (customers(ingested), entries(ingested, *State)) == first
    assert again.inserted == {"2015-01": 0}
    merged = merges_since(read_ingestions(ingested))["2015-01"]
    delivered = last_ingestions(read_ingestions(ingested))["2015-01"]
    assert sum(row.gained for row in (*delivered, *merged)) == ingested.rows_by_month(CUSTOMERS)[JANUARY]


def test_what_is_still_bad_stays_open_once_and_its_later_correction_resolves_every_attempt(
    settings: Settings, ingested: Lake, tmp_path: Path
) -> None:
    key = id_of(ingested, 6)
    for number in (1, 2):
        bad = corrections(tmp_path / f"bad{number}.csv", [(key, record(5, ind_cco_fin_ult1=str(number + 1))), ("", record(1))])
        run(settings, ingested, bad)
    assert ("bad2.csv", 2, "bad_product_flag", None) in entries(ingested)
    assert entries(ingested, State.SUPERSEDED) == [
        ("a.csv", 6, "bad_product_flag", None),
        ("bad1.csv", 2, "bad_product_flag", None),
    ]
    run(settings, ingested, corrections(tmp_path / "good.csv", [(key, record(5))]))
    assert {("a.csv", 6), ("bad1.csv", 2), ("bad2.csv", 2)} <= {place[:2] for place in entries(ingested, State.RESOLVED)}
    assert 6 not in {line for file, line, *_ in entries(ingested) if file == "a.csv"}


def test_a_value_that_is_still_bad_is_open_under_the_replay(settings: Settings, ingested: Lake, tmp_path: Path) -> None:
    run(settings, ingested, corrections(tmp_path / "fix.csv", [(id_of(ingested, 3), record(2, age="201"))]))
    assert ("fix.csv", 2, "out_of_range", "age") in entries(ingested)
    assert [place[:2] for place in entries(ingested, State.RESOLVED)] == [("a.csv", 3), ("a.csv", 3)]
    assert (customers(ingested)[2, "2015-01"]["age"], customers(ingested)[2, "2015-01"]["sex"]) == (None, "H")


def test_an_export_sent_back_as_it_is_changes_nothing(settings: Settings, ingested: Lake, tmp_path: Path) -> None:
    before, n_open = customers(ingested), len(entries(ingested))
    file = tmp_path / "fix.csv"
    assert export_corrections(ingested, read_entries(ingested), file, duplicates=False) == {str(file): 5}
    run(settings, ingested, file)
    assert customers(ingested) == before
    assert len(entries(ingested)) == n_open
    second = tmp_path / "fix2.csv"
    export_corrections(ingested, read_entries(ingested), second, duplicates=False)

    def without_ids(path: Path) -> list[list[str]]:
        with path.open(newline="") as lines:
            return sorted(row[1:] for row in csv.reader(lines))

    assert without_ids(second) == without_ids(file)


@pytest.mark.plan
def test_an_export_that_tasks_write_has_the_same_bytes(ingested: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "LINES_AT_A_TIME", 1)
    monkeypatch.setattr(Lake, "cores", lambda _: 2)
    files = {tmp_path / "here.csv": False, tmp_path / "there.csv": True}
    for file, has_workers in files.items():
        monkeypatch.setattr(Lake, "has_workers", has_workers)
        assert export_corrections(ingested, read_entries(ingested), file, duplicates=False) == {str(file): 5}
    here, there = (file.read_bytes() for file in files)
    assert here == there
    assert not list(Path(ingested.settings.data_dir, "lake").glob("_staging*"))


def test_an_export_that_was_corrected_leaves_nothing_open(settings: Settings, ingested: Lake, tmp_path: Path) -> None:
    file, fixed = tmp_path / "fix.csv", tmp_path / "fixed.csv"
    export_corrections(ingested, read_entries(ingested), file, duplicates=False)
    with file.open(newline="") as source:
        rows = list(csv.DictReader(source))
    remedies = {"out_of_range": {"age": "20", "sexo": "V"}, "bad_customer_id": {"ncodpers": "4"}}
    lines = []
    for row in rows:
        row.pop(None, None)
        flags = {name: "0" for name in row if name.endswith("_ult1") and row[name].strip() not in ("0", "1")}
        kind = next((kind for kind in remedies if kind in (row["reason"] or "")), "")
        lines.append(row | flags | remedies.get(kind, {}))
    with fixed.open("w", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(lines)
    report = run(settings, ingested, fixed)
    assert sum(count.quarantined_rows for count in report.counts) == 0
    assert [reason for _, _, reason, _ in entries(ingested)] == ["duplicate_key"]
    assert set(customers(ingested)) == {(i, "2015-01") for i in range(1, 7)} | {(1, "2015-02"), (9, "2015-02")}


def test_corrections_without_products_leave_those_there_are(settings: Settings, ingested: Lake, tmp_path: Path) -> None:
    held = customers(ingested)[3, "2015-01"]
    rows = [record(3, columns=24, age=" 40"), record(4, columns=24)]
    run(settings, ingested, landing_file(tmp_path / "fix.csv", rows, columns=24))
    after = customers(ingested)
    assert after[3, "2015-01"] == held | {"age": 40, "province_code": 29, "province": "MALAGA", "household_income": 87218.1}
    assert (after[4, "2015-01"]["holdings"], after[4, "2015-01"]["current_account"]) == (None, None)


def test_lines_of_a_month_without_products_are_exported_to_a_file_of_their_own(
    settings: Settings, ingested: Lake, tmp_path: Path
) -> None:
    bare = [record(1, "2015-03", columns=24), record(2, "2015-03", columns=24, age="200"), record("x", "2015-03", columns=24)]
    ingest(settings, ingested, [landing_file(tmp_path / "test.csv", bare, columns=24)])
    written = export_corrections(ingested, read_entries(ingested), tmp_path / "fix.csv", duplicates=False)
    beside = tmp_path / "fix-without-products.csv"
    assert written == {str(tmp_path / "fix.csv"): 5, str(beside): 2}
    beside.write_text(beside.read_text().replace(",200,", ",20,").replace(",x,", ",3,"))
    run(settings, ingested, beside)
    assert {row["age"] for key, row in customers(ingested).items() if key[1] == "2015-03"} == {35, 20}
    assert ingested.rows_by_month(CUSTOMERS)[Month(2015, 3)] == 3
    with pytest.raises(LandingFileRefused, match="has products for 2015-03, which was delivered without"):
        run(settings, ingested, landing_file(tmp_path / "with.csv", [record(1, "2015-03")]))


@pytest.mark.parametrize(
    ("lines", "rule", "kept"),
    [
        ([record(1, "2016-01"), record(1)], "not in customers: 2016-01; a replay makes no month", []),
        (
            [record("x"), "nonsense"],
            r"holds no legal record \(bad_customer_id 1, wrong_number_of_fields 1\), nothing was changed",
            ["bad_customer_id", "wrong_number_of_fields"],
        ),
    ],
)
def test_a_replay_that_may_not_be_is_refused_in_one_line_and_changes_nothing(
    settings: Settings, ingested: Lake, tmp_path: Path, lines: list[str], rule: str, kept: list[str]
) -> None:
    versions = [ingested.version(table) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)]
    with pytest.raises(InputError, match=rule):
        run(settings, ingested, landing_file(tmp_path / "fix.csv", lines))
    assert [ingested.version(table) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)] == versions
    assert read_refused(settings.state)[0]["reason"].to_pylist() == kept


@pytest.mark.parametrize("dies_at", [CUSTOMERS.name, FEBRUARY, INGESTIONS.name])
def test_a_replay_that_dies_between_its_commits_is_completed_by_the_same_command(
    settings: Settings, ingested: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: object
) -> None:
    file = corrections(tmp_path / "fix.csv", [(id_of(ingested, 5), record(4)), (id_of(ingested, 10), record(9, "2015-02"))])
    for name in ("replace_months", "append_rows"):
        write = getattr(Lake, name)

        def write_or_die(self: Lake, table: Table, rows: Any, *rest: Any, _write: Any = write, **named: Any) -> Any:
            if table.name == dies_at or any(isinstance(months, dict) and dies_at in months for months in rest):
                raise KeyboardInterrupt
            return _write(self, table, rows, *rest, **named)

        monkeypatch.setattr(Lake, name, write_or_die)
    with pytest.raises(KeyboardInterrupt):
        run(settings, ingested, file)
    monkeypatch.undo()
    assert [line for file, line, *_ in entries(ingested) if file == "a.csv"] == [3, 3, 5, 6, 7, 8, 10]  # none is resolved yet
    run(settings, ingested, file)
    assert [line for _, line, *_ in entries(ingested, State.RESOLVED)] == [5, 10]
    assert ingested.rows_by_month(CUSTOMERS) == {JANUARY: 4, FEBRUARY: 2}
    merged = {row["month"]: row["inserted"] for row in ingested.rows(INGESTIONS) if row["mode"] == "merge"}
    assert merged == {"2015-01": 1, "2015-02": 1}


def test_the_original_file_again_undoes_the_replay_and_opens_what_it_had_resolved(
    settings: Settings, ingested: Lake, tmp_path: Path
) -> None:
    before = customers(ingested), entries(ingested)
    fix = corrections(tmp_path / "fix.csv", [(id_of(ingested, 5), record(4)), ("", record(6, age="x"))])
    run(settings, ingested, fix)
    ingest(settings, ingested, [landing_file(tmp_path / "a.csv", LINES)])
    assert (customers(ingested), entries(ingested)) == before
    assert merges_since(read_ingestions(ingested)) == {}
    run(settings, ingested, fix)
    assert {4, 6} <= {customer for customer, _ in customers(ingested)}


def test_a_month_delivered_anew_takes_the_open_lines_of_the_old_file_with_it(
    settings: Settings, ingested: Lake, tmp_path: Path
) -> None:
    ingest(settings, ingested, [landing_file(tmp_path / "b.csv", [record(1, "2015-02"), record(2, "2015-02", sexo="Z")])])
    assert entries(ingested, State.SUPERSEDED) == [("a.csv", 10, "bad_product_flag", None)]
    assert ("b.csv", 3, "unreadable", "sex") in entries(ingested)


def test_lineage_of_a_merge_names_what_it_did(settings: Settings, ingested: Lake, tmp_path: Path) -> None:
    report = run(settings, ingested, landing_file(tmp_path / "fix.csv", [record(5)]))
    lineage = json.loads(ingested.delta(CUSTOMERS).history(1)[0]["userMetadata"])
    assert lineage == {"ingestion_id": report.ingestion_id, "mode": "merge", "inserted": {"2015-01": 1}}


def test_a_merge_that_was_rolled_back_has_added_nothing(ingested: Lake) -> None:
    rows = ingested.read_months(CUSTOMERS, [JANUARY])
    lineage = {"ingestion_id": "one that never ended", "mode": "merge", "inserted": {str(JANUARY): 5}}
    with pytest.raises(RowCountMismatch):
        ingested.replace_months(CUSTOMERS, rows, {JANUARY: 99}, lineage)
    assert inserted_by_unfinished(ingested, JANUARY, set()) == 0
    ingested.replace_months(CUSTOMERS, rows, {JANUARY: ingested.rows_by_month(CUSTOMERS)[JANUARY]}, lineage)
    assert inserted_by_unfinished(ingested, JANUARY, set()) == 5
