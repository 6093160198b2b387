"""What the tables say of landing files after an erasure: exactly what a new ingest of the same files would say."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

import santander.forget.forget
from santander.audit.audit import Audit
from santander.config.settings import Settings
from santander.errors import InputError
from santander.forget.forget import forget
from santander.ingest.adding import merge
from santander.ingest.ingestion import ingest
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, ERASURES, INGESTIONS, QUARANTINE, Table
from tests.landing_files import landing_file, record

GONE, BOTHERED, STAYS = 1375586, 1375587, 15889
LINES = [
    record(STAYS),
    record(GONE),
    record(GONE, age="200"),  # the same key again
    record(BOTHERED, age="200", sexo="X"),
    record(STAYS, "2015-02", age="201"),
    record(GONE, "2015-02", age="202"),
    f"2015-02-28,{GONE},N,ES",
    record(20_001, "2015-02", ind_cco_fin_ult1="7"),
    record(GONE, "2015-02", ind_cco_fin_ult1="7"),
    record("12x45", "2015-02"),
    f"28/13/15,{GONE}",
    record(20_002, "2015-02", nomprov='"MALAGA'),
]
REST = [line for line in LINES if str(GONE) not in line and str(BOTHERED) not in line]
NOT_CONTENT = {"ingestion_id", "ingested_at", "file"}


LENIENT = {"max_quarantine_share": 1.0}


@pytest.fixture
def lenient(tmp_path: Path) -> Settings:
    return Settings.load(data_dir=str(tmp_path / "data"), ingest=LENIENT)


@dataclass(frozen=True)
class Ingested:
    """LINES as ingested, to be copied, and what the tables say when the lines of GONE and BOTHERED were never there."""

    settings: Settings
    without: dict[str, list[tuple[Any, ...]]]

    def copy(self, folder: Path) -> Settings:
        old = Path(self.settings.data_dir)
        shutil.copytree(old, folder)
        settings = Settings.load(data_dir=str(folder), ingest=LENIENT)
        for table in (INGESTIONS, QUARANTINE):
            Lake(settings).delta(table).update(updates={"file": f"replace(file, '{old}', '{folder}')"})
        return settings


@pytest.fixture(scope="module")
def ingested(session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    both = [Settings.load(data_dir=str(tmp_path_factory.mktemp(name)), ingest=LENIENT) for name in ("with", "without")]
    taken_in(both[0], session, raw(both[0]))
    taken_in(both[1], session, raw(both[1], REST))
    return Ingested(both[0], state(both[1]))


def taken_in(settings: Settings, session: SparkSession, file: Path) -> Path:
    ingest(settings, Lake(settings, session), [file])
    return file


def state(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    return {table.name: content(settings, table) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)}


def content(settings: Settings, table: Table) -> list[tuple[Any, ...]]:
    rows = Lake(settings).rows(table)
    return sorted(tuple(str(value) for name, value in row.items() if name not in NOT_CONTENT) for row in rows)


def raw(settings: Settings, lines: Sequence[str] = LINES) -> Path:
    folder = Path(settings.data_dir) / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    return landing_file(folder / "a.csv", lines)


def test_a_rewritten_file_is_as_if_it_had_always_been_so(ingested: Ingested, tmp_path: Path) -> None:
    settings = ingested.copy(tmp_path / "data")
    erasure = forget(settings, [GONE, BOTHERED], [])
    assert erasure.complete
    assert (erasure.customers, erasure.unknown, erasure.rows["customers"]) == (2, 0, 3)
    assert (tmp_path / "data" / "raw" / "a.csv").read_text().splitlines()[1:] == REST
    assert state(settings) == ingested.without


def test_files_of_which_one_was_merged_into_the_month_are_as_if_they_had_always_been_so(
    session: SparkSession, tmp_path: Path
) -> None:
    lines = {
        "a.csv": [record(STAYS), record(GONE)],
        "b.csv": [record(STAYS, age="40"), record(BOTHERED), record(20_001)],
        "c.csv": [record(20_002), record(20_003)],
    }
    both = [Settings.load(data_dir=str(tmp_path / name), ingest=LENIENT) for name in ("with", "without")]
    for settings, gone in zip(both, (set(), {str(GONE), str(BOTHERED)}), strict=True):
        lake = Lake(settings, session)
        folder = Path(settings.data_dir) / "raw"
        folder.mkdir(parents=True)
        files = [
            landing_file(folder / name, [line for line in of_file if line.split(",")[1] not in gone])
            for name, of_file in lines.items()
        ]
        ingest(settings, lake, files[:1])
        for file in files[1:]:
            merge(settings, lake, [file])
    assert forget(both[0], [GONE, BOTHERED], []).complete
    assert state(both[0]) == state(both[1])
    audit = Audit(both[0])
    assert [difference for month in audit.run(audit.present) for difference in month.differences] == []


def test_a_file_elsewhere_is_left_by_name_and_counts_as_a_new_ingest_would(
    lenient: Settings, session: SparkSession, tmp_path: Path
) -> None:
    file = taken_in(lenient, session, landing_file(tmp_path / "elsewhere.csv", LINES))
    before = file.read_bytes()
    erasure = forget(lenient, [GONE, BOTHERED], [])
    assert not erasure.complete
    assert erasure.left == [f"{file}: lies outside of the data folder; add --landing {file} to rewrite it too"]
    assert erasure.traces == []
    assert file.read_bytes() == before
    said = {table.name: content(lenient, table) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)}
    taken_in(lenient, session, file)
    assert content(lenient, CUSTOMERS) == said["customers"]
    assert content(lenient, QUARANTINE) == said["quarantine"]
    assert sorted(set(content(lenient, INGESTIONS))) == sorted(set(said["ingestions"]))
    for row in Lake(lenient).rows(QUARANTINE):
        assert row["reason"] != "erased" or (row["raw"], row["customer_id"]) == (None, None)
    assert sum(row["reason"] == "erased" for row in Lake(lenient).rows(QUARANTINE)) == 7


def test_a_file_elsewhere_is_rewritten_when_it_is_named(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    file = taken_in(lenient, session, landing_file(tmp_path / "elsewhere.csv", LINES))
    assert forget(lenient, [GONE], [file]).complete
    assert str(GONE) not in file.read_text()


def test_an_erased_customer_stays_away_and_costs_no_share(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    lines = [record(20_000 + i) for i in range(200)] + [record(GONE), record(GONE, age="200")]
    taken_in(lenient, session, raw(lenient, lines))
    forget(lenient, [GONE], [])
    strict = lenient.model_copy(update={"ingest": lenient.ingest.model_copy(update={"max_quarantine_share": 0.001})})
    taken_in(strict, session, landing_file(tmp_path / "again.csv", [*lines, record(GONE), record(f"0{GONE}")]))
    (row,) = (row for row in Lake(lenient).rows(INGESTIONS) if row["file"].endswith("again.csv"))
    assert (row["read"], row["kept"], row["quarantined_rows"], row["rows_with_quarantined_values"]) == (204, 200, 4, 0)
    erased = [(row["scope"], row["reason"], row["raw"], row["customer_id"]) for row in Lake(lenient).rows(QUARANTINE)]
    assert erased == [("row", "erased", None, None)] * 4


def test_an_ingest_without_the_key_is_refused(lenient: Settings, session: SparkSession) -> None:
    file = taken_in(lenient, session, raw(lenient))
    forget(lenient, [GONE], [])
    before = Lake(lenient).version(CUSTOMERS)
    (lenient.state / "suppression.key").unlink()
    with pytest.raises(InputError, match="the key of that list is missing"):
        taken_in(lenient, session, file)
    assert Lake(lenient).version(CUSTOMERS) == before


def test_a_dry_run_says_it_all_and_changes_nothing(ingested: Ingested, tmp_path: Path) -> None:
    settings = ingested.copy(tmp_path / "data")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    foretold = forget(settings, [GONE, BOTHERED, 7], [], dry_run=True)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"}
    assert after.items() <= before.items()
    assert foretold.files == [str(tmp_path / "data" / "raw" / "a.csv")]
    assert (foretold.customers, foretold.unknown) == (3, 1)
    done = forget(settings, [GONE, BOTHERED, 7], [])
    assert done.rows["customers"] == foretold.rows["customers"] == 3


def dies(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "step",
    [
        "santander.forget.landing.settle_rewritten",
        "santander.forget.landing._rename_ingest",
        "santander.forget.forget._settle_accounts",
        "santander.forget.forget.leave_no_trace",
        "santander.forget.forget.search",
    ],
)
def test_the_same_command_ends_what_a_crash_left(ingested: Ingested, tmp_path: Path, step: str) -> None:
    settings = ingested.copy(tmp_path / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, dies)
        with pytest.raises(KeyboardInterrupt):
            forget(settings, [GONE, BOTHERED], [])
    erasure = forget(settings, [GONE, BOTHERED], [])
    assert erasure.complete
    assert erasure.rows["customers"] == 3
    assert state(settings) == ingested.without
    assert len(Lake(settings).rows(ERASURES)) == 1


def test_the_search_fails_when_the_vacuum_is_skipped(ingested: Ingested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ingested.copy(tmp_path / "data")
    monkeypatch.setattr(santander.forget.forget, "leave_no_trace", lambda *_: 0)
    erasure = forget(settings, [GONE, BOTHERED], [])
    assert not erasure.complete
    assert {Path(trace.file).relative_to(settings.lake).parts[0] for trace in erasure.traces} == {"customers", "quarantine"}
    assert any("_delta_log" in trace.file for trace in erasure.traces)
    assert any(trace.where == "column customer_id" for trace in erasure.traces)
    monkeypatch.undo()
    assert forget(settings, [GONE, BOTHERED], []).complete
