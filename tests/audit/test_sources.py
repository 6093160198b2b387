"""Which landing files a month is recomputed from, and that they are read as ingest read them."""

import ast
import gzip
import re
import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

import santander.audit
from santander.audit.audit import Audit
from santander.audit.engine import open_engine
from santander.audit.findings import Findings
from santander.audit.landing_copy import LandingCopy
from santander.audit.reading import landing_query
from santander.config.settings import Settings
from santander.errors import InputError
from santander.forget.forget import forget
from santander.ingest.ingestion import ingest
from santander.ingest.replay import replay
from santander.lake.lake import Lake
from tests.ingest.awkward_texts import TEXTS
from tests.ingest.oracle import SPELLINGS
from tests.landing_files import LEGAL, header, landing_file, record


@pytest.fixture
def lenient(tmp_path: Path) -> Settings:
    return Settings.load(data_dir=str(tmp_path / "data"), ingest={"max_quarantine_share": 1.0})


def audited(settings: Settings) -> dict[str, Findings]:
    audit = Audit(settings)
    return {one.month: one for one in audit.run(audit.present)}


def assert_no_difference(settings: Settings) -> None:
    assert {month: one.differences for month, one in audited(settings).items() if one.differences} == {}


def test_awkward_texts_in_every_column_are_read_alike(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    legal = list(LEGAL.values())
    places = [(text, position) for text in TEXTS for position in range(48)]
    lines = [
        ",".join(text if i == position else str(n) if i == 1 else legal[i] for i in range(48))
        for n, (text, position) in enumerate(places, start=1)
    ]
    lines += ["", " ", '"', '"2015-01-28",7,"open', "2015-01-28", ",", "2015-01-28\r,x", '"2015-01-28"x,7', record(5, columns=47)]
    file = tmp_path / "a.csv"
    file.write_bytes(("\ufeff" + "\r\n".join([header(), *lines])).encode())
    ingest(lenient, Lake(lenient, session), [file])
    found = audited(lenient)
    assert {month: one.differences for month, one in found.items() if one.differences} == {}
    assert found["2015-01"].rows
    assert "unknown" in found


def test_a_packed_file_quoted_throughout_and_one_without_products_are_read_alike(
    lenient: Settings, session: SparkSession, tmp_path: Path
) -> None:
    quoted = [",".join(f'"{field}"' for field in record(n, nomprov="MALAGA").split(",")) for n in range(1, 9)]
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(("\n".join([header(), *quoted, quoted[0]]) + "\n").encode()))
    bare = landing_file(tmp_path / "b.csv", [record(n, "2015-02", columns=24) for n in (1, 2)], columns=24)
    ingest(lenient, Lake(lenient, session), [packed, bare])
    assert_no_difference(lenient)


def test_of_files_ingested_together_the_first_wins_and_a_month_delivered_again_counts_alone(
    lenient: Settings, session: SparkSession, tmp_path: Path
) -> None:
    lake = Lake(lenient, session)
    first = landing_file(tmp_path / "z.csv", [record(7, age=" 20"), record(8), record(9, "2015-02")])
    second = landing_file(tmp_path / "a.csv", [record(7, age=" 30"), record(6, sexo="X"), record(8, "2015-02")])
    ingest(lenient, lake, [first, second])
    assert_no_difference(lenient)
    ingest(lenient, lake, [landing_file(tmp_path / "c.csv", [record(7, "2015-02"), record(9, "2015-02", age="999"), "short"])])
    assert_no_difference(lenient)


def test_rows_that_a_replay_merged_are_part_of_the_source(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    lake = Lake(lenient, session)
    ingest(lenient, lake, [landing_file(tmp_path / "a.csv", [record(7, age="999"), record(8), record("9x"), record(7)])])
    replay(lenient, lake, [landing_file(tmp_path / "b.csv", [record(7, age=" 44"), record(9), record(10, sexo="?")])])
    assert_no_difference(lenient)
    replay(lenient, lake, [landing_file(tmp_path / "c.csv", [record(7, age=" 45", columns=24)], columns=24)])
    assert_no_difference(lenient)
    assert audited(lenient)["2015-01"].rows == 4


def test_an_erased_customer_is_missing_on_either_side(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    lake = Lake(lenient, session)
    (lenient.data / "raw").mkdir(parents=True)
    delivered = landing_file(tmp_path / "a.csv", [record(70_001), record(70_002, age="999"), record(70_003), "short"])
    file = Path(shutil.copy(delivered, lenient.data / "raw" / "a.csv"))
    ingest(lenient, lake, [file])
    forget(lenient, [70_002], [], dry_run=False)
    assert_no_difference(lenient)
    assert audited(lenient)["2015-01"].rows == 2
    ingest(lenient, lake, [delivered])  # as if it were delivered once more
    assert_no_difference(lenient)
    assert audited(lenient)["2015-01"].rows == 2


def test_spellings_of_null_are_those_of_the_settings_on_either_side(session: SparkSession, tmp_path: Path) -> None:
    lines = [record(i, **{field: "sin datos", "pais_residencia": "NA"}) for i, field in enumerate(list(LEGAL)[2:24], start=1)]
    file = landing_file(tmp_path / "a.csv", [*lines, record(99, nomprov="NULL")])
    lists = {"data": SPELLINGS, "own": ("sin datos",)}
    for name, spellings in lists.items():
        ingest_settings = {"max_quarantine_share": 1.0, "null_spellings": spellings}
        settings = Settings.load(data_dir=str(tmp_path / name), ingest=ingest_settings)
        ingest(settings, Lake(settings, session), [file])
        assert_no_difference(settings)
        other = Settings.load(data_dir=settings.data_dir, ingest={"null_spellings": ["?"]})
        differing = {d.check for one in audited(other).values() for d in one.differences}
        assert "nulls" in differing  # the list does reach the audit's own reading


def test_the_engine_keeps_to_its_memory(tmp_path: Path) -> None:
    with open_engine(tmp_path / "audit", 100 << 20) as engine:
        assert engine.row("SELECT current_setting('memory_limit') AS memory") == {"memory": "100.0 MiB"}


def test_nothing_in_the_reading_of_a_file_can_change_the_order_of_its_lines(tmp_path: Path) -> None:
    file = landing_file(tmp_path / "a.csv", [record(7)])
    copy = LandingCopy(file, header(), 48, tuple(range(1, 49)), has_products=True)
    months = [f"2015-{number:02d}" for number in range(1, 13)]
    with open_engine(tmp_path / "audit", 1_000_000_000) as engine:
        plan = str(engine.rows(f"EXPLAIN (FORMAT json) CREATE TABLE lines AS {landing_query(copy, months, SPELLINGS)}"))
    operators = {name.strip() for name in re.findall(r'"name": "([^"]*)"', plan)}
    assert operators == {"BATCH_CREATE_TABLE_AS", "PROJECTION", "READ_CSV"}


def test_a_bucket_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="the audit reads local folders only"):
        Audit(Settings.load(data_dir="s3a://bucket/prefix", state_dir="/nowhere"))


def test_the_audit_shares_no_rule_with_what_it_judges() -> None:
    judged = (
        "santander.ingest",
        "santander.features",
        "santander.schema.columns",
        "santander.schema.products",
        "santander.scoring",
    )
    for file in Path(santander.audit.__file__).parent.glob("*.py"):
        imported = [
            name
            for node in ast.walk(ast.parse(file.read_text()))
            for name in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else []
            )
        ]
        assert [name for name in imported if name.startswith(judged)] == [], file.name
