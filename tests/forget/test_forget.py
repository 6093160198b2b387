"""Twenty customers of a scored bank are forgotten; what is left is decoded here, not by the search that forget ends with."""

import csv
import json
import re
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from santander.forget.forget import forget
from santander.ingest.holders import last_ingestions
from santander.lake.ingestions import read_ingestions
from santander.lake.lake import Lake
from santander.ledger.step_ledger import StepLedger, stale_months
from santander.pipeline.steps import Steps
from santander.registry.versions import load_version
from santander.schema.catalogue import CUSTOMERS, ERASURES, ONLINE_FEATURES, RECOMMENDATIONS, SUPPRESSIONS
from santander.schema.months import Month
from santander.store.access import open_store
from santander.store.serving import read_online
from tests.forget.conftest import Forgotten, rows_of
from tests.own_families import BY_PROVINCE, of_provinces

TEXTS = (".csv", ".json", ".html", ".crc", ".yaml", ".txt", "")


def files(folder: Path, *endings: str) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and path.suffix in endings)


def test_no_parquet_file_holds_a_row_of_theirs(forgotten: Forgotten) -> None:
    seen = 0
    for file in files(forgotten.data, ".parquet"):
        content = pq.read_table(file)
        if "customer_id" in content.column_names:
            seen += content.num_rows
            assert not set(content["customer_id"].to_pylist()) & set(forgotten.persons), file
        else:
            assert not set(re.findall(r"[0-9]+", str(content.to_pylist()))) & set(map(str, forgotten.persons)), file
    assert seen > 100_000  # customers and features, recommendations, the propensities beside them


def test_no_sqlite_file_holds_a_key_of_theirs_in_any_page(forgotten: Forgotten) -> None:
    databases = [file for file in files(forgotten.data, ".db") if file.read_bytes()[:6] == b"SQLite"]
    assert {file.name for file in databases} == {"mlflow.db", "online.db"}
    for file in databases:
        both = file.read_bytes() + b"".join(wal.read_bytes() for wal in file.parent.glob(f"{file.name}-wal"))
        for person in forgotten.persons:
            assert b"customer_id\x04\0\0\0\x08\0\0\0" + struct.pack("<q", person) not in both
        with sqlite3.connect(file) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = (row for table in tables for row in database.execute(f'SELECT * FROM "{table}"'))  # noqa: S608
            values = {str(value) for row in rows for value in row}
        assert not values & set(map(str, forgotten.persons))


def test_no_text_names_them(forgotten: Forgotten) -> None:
    persons = set(map(str, forgotten.persons))
    for file in files(forgotten.data, *TEXTS):
        words = re.split(r"[^0-9A-Za-z_.]+", file.read_text(encoding="utf-8", errors="replace"))
        assert not set(words) & persons, file


def test_everybody_elses_rows_are_as_they_were(forgotten: Forgotten) -> None:
    after = rows_of(forgotten.lake)
    for name, rows in forgotten.before.items():
        second = name in {"customers", "offers", "offer_exclusions"}  # the column of the ids
        theirs = [row for row in rows if row[1 if second else 0] in forgotten.persons]
        assert theirs
        assert len(theirs) == forgotten.erasure.rows[name]
        assert after[name] == [row for row in rows if row not in theirs]


def test_landing_files_and_submission_hold_everybody_else(forgotten: Forgotten) -> None:
    for name, key in (("raw/train_ver2.csv", 1), ("raw/test_ver2.csv", 1), ("submissions/2016-06.csv", 0)):
        with (forgotten.data / name).open() as file:
            lines = list(csv.reader(file))[1:]
        months = {line[0][:7] for line in lines} if key else {"2016-06"}
        rows = sum(n for month, n in forgotten.lake.rows_by_month(CUSTOMERS).items() if str(month) in months)
        assert len(lines) == rows
        assert not {int(line[key]) for line in lines} & set(forgotten.persons)
        assert str(forgotten.data / name) in forgotten.erasure.files


def test_the_counts_are_those_of_the_rewritten_files(forgotten: Forgotten) -> None:
    rows = forgotten.lake.rows_by_month(CUSTOMERS)
    for month, ingested in last_ingestions(read_ingestions(forgotten.lake)).items():
        assert sum(row.read for row in ingested) == sum(row.kept for row in ingested) == rows[Month.parse(month)]


def test_files_are_not_taken_in_again_and_what_rests_on_the_persons_is_out_of_date(
    forgotten: Forgotten, session: SparkSession
) -> None:
    steps = Steps(forgotten.settings, session)
    raw = forgotten.data / "raw"
    assert steps.ingest_new([raw / "train_ver2.csv", raw / "test_ver2.csv"]).done == []
    months = [str(month) for month in steps.lake.months(CUSTOMERS)]
    assert forgotten.erasure.stale == months
    assert [str(month) for month in stale_months(steps.lake, steps.ledger)["recommendations"]] == ["2016-06"]


def test_the_engine_reads_and_writes_tables_whose_log_begins_anew(forgotten: Forgotten) -> None:
    lake, month = forgotten.lake, Month(2015, 3)
    assert lake.read_months(CUSTOMERS, [month]).count() == lake.rows_by_month(CUSTOMERS)[month]
    before = rows_of(lake)
    lake.replace_months(RECOMMENDATIONS, lake.read(RECOMMENDATIONS), lake.rows_by_month(RECOMMENDATIONS))
    assert rows_of(lake) == before


def test_they_are_not_served_and_others_are(forgotten: Forgotten) -> None:
    online = {row["customer_id"] for row in forgotten.lake.rows(ONLINE_FEATURES)}
    store = open_store(forgotten.settings, forgotten.lake)
    assert read_online(store, forgotten.persons).num_rows == 0
    assert read_online(store, sorted(online)[:50]).num_rows == 50


def test_models_are_named_and_load_without_their_examples(forgotten: Forgotten) -> None:
    assert forgotten.erasure.models == [1, 2]
    assert not list(forgotten.data.rglob("*input_example*"))
    assert load_version(forgotten.settings, 2).model is not None
    assert set(forgotten.erasure.lost_versions) == {"customers", "features"}


def test_an_audit_row_without_ids_stays(forgotten: Forgotten) -> None:
    assert forgotten.erasure.complete
    (row,) = forgotten.lake.rows(ERASURES)
    assert (row["customers"], json.loads(row["models"])) == (20, [1, 2])
    assert json.loads(row["rows"])["customers"] == forgotten.erasure.rows["customers"]
    assert json.loads(row["files"])["left"] == []
    assert len(forgotten.lake.rows(SUPPRESSIONS)) == 20
    assert not (forgotten.settings.state / "erasure.json").exists()


def test_figures_of_groups_that_counted_them_stay_and_are_named(forgotten: Forgotten) -> None:
    assert forgotten.erasure.aggregates == ["features_by_province"]
    assert forgotten.lake.rows(BY_PROVINCE.table) == of_provinces([28], Month(2016, 5))


def test_pictures_of_previews_go(forgotten: Forgotten) -> None:
    assert not (forgotten.settings.state / "previews").exists()


def test_forgetting_again_finds_nothing_and_is_no_error(forgotten: Forgotten) -> None:
    before = rows_of(forgotten.lake)
    again = forget(forgotten.settings, [forgotten.persons[0], 999_999_999], [])
    assert (again.complete, again.unknown, sum(again.rows.values()), again.files) == (True, 2, 0, [])
    assert rows_of(forgotten.lake) == before
    assert len(forgotten.lake.rows(SUPPRESSIONS)) == 21
    assert len(forgotten.lake.rows(ERASURES)) == 2


def test_the_ledger_knows_the_rewritten_files_under_all_their_months(forgotten: Forgotten) -> None:
    runs = [run for run in StepLedger(Lake(forgotten.settings)).runs() if run.step == "ingest"]
    assert len({run.fingerprint for run in runs}) == 2
    assert len(runs) == 18
