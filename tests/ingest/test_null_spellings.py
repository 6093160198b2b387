"""Spellings of null that other tools write: one list in the settings, for every column of the profile."""

from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.ingest.ingestion import ingest
from santander.ingest.replay import replay
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.months import Month
from tests.ingest.oracle import SPELLINGS
from tests.landing_files import landing_file, record

COUNTRY = "pais_residencia"


def with_spellings(settings: Settings, *spellings: str) -> Settings:
    return Settings.load(data_dir=settings.data_dir, ingest={"max_quarantine_share": 1.0, "null_spellings": list(spellings)})


def values(settings: Settings, column: str) -> dict[int, object]:
    """A column of ``customers`` by customer."""
    rows = DeltaTable(f"{settings.lake}/customers").to_pyarrow_table(columns=["customer_id", column]).to_pylist()
    return {row["customer_id"]: row[column] for row in rows}


def quarantined(settings: Settings) -> list[tuple[str, str]]:
    rows = DeltaTable(f"{settings.lake}/quarantine").to_pyarrow_table(columns=["reason", "raw"]).to_pylist()
    return [(row["reason"], row["raw"]) for row in rows]


def test_the_list_in_conf_is_the_one_that_the_oracle_of_the_tests_knows() -> None:
    assert Settings.load().ingest.null_spellings == SPELLINGS


def test_a_spelling_of_null_is_null_in_every_column_of_the_profile_and_no_fault(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    columns = PROFILE_COLUMNS[2:]
    lines = [record(i, **{c.source: f" {SPELLINGS[i % len(SPELLINGS)]} "}) for i, c in enumerate(columns, start=1)]
    lines += [record(101, pais_residencia="NA"), record(102, nomprov="None of these")]
    lines += [record(200 + n, nomprov=spelling) for n, spelling in enumerate(SPELLINGS)]
    ingest(settings, Lake(settings, session), [landing_file(tmp_path / "a.csv", lines)])
    assert quarantined(settings) == []
    assert {values(settings, "province")[200 + n] for n in range(len(SPELLINGS))} == {None}
    for i, column in enumerate(columns, start=1):
        assert values(settings, column.name)[i] is None, column.source
    assert values(settings, "country")[101] == "NA"  # Namibia
    assert values(settings, "province")[102] == "None of these"


@pytest.mark.embedded
def test_a_key_a_date_and_a_product_flag_are_never_null_by_a_spelling(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    lines = [record(1), record("\\N"), record(3, fecha_dato="NULL"), record(4, ind_cco_fin_ult1="nan")]
    ingest(with_spellings(settings, *SPELLINGS), Lake(settings, session), [landing_file(tmp_path / "a.csv", lines)])
    assert set(values(settings, "sex")) == {1}
    assert sorted(reason for reason, _ in quarantined(settings)) == ["bad_customer_id", "bad_product_flag", "bad_snapshot_date"]


def test_another_list_makes_a_file_due_again_and_holds_for_replays_too(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    file = landing_file(tmp_path / "a.csv", [record(1, nomprov="sin datos"), record(2, nomprov="-")])
    plain, own = with_spellings(settings, "-"), with_spellings(settings, "sin datos")
    assert Steps(plain, session).ingest_new([file]).done == [Month(2015, 1)]
    assert Steps(plain, session).ingest_new([file]).done == []
    assert values(settings, "province") == {1: "sin datos", 2: None}
    assert Steps(own, session).ingest_new([file]).done == [Month(2015, 1)]
    assert values(settings, "province") == {1: None, 2: "-"}
    replay(own, Lake(own, session), [landing_file(tmp_path / "b.csv", [record(3, nomprov="sin datos")])])
    assert values(settings, "province") == {1: None, 2: "-", 3: None}


@pytest.mark.parametrize(
    ("spelling", "column"), [("NA", COUNTRY), ("ES", COUNTRY), ("NAN", "canal_entrada"), (" 0 ", "age"), ("H", "sexo")]
)
def test_a_text_that_is_a_value_somewhere_is_refused_by_name(settings: Settings, spelling: str, column: str) -> None:
    with pytest.raises(InputError, match=rf"ingest\.null_spellings\.1: '{spelling.strip()}' is a value of [a-z_, ]*{column}"):
        with_spellings(settings, "-", spelling)
