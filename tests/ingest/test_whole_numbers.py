"""Whole numbers written as floats are what they mean: in every column, in the key, and to an erasure."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.forget.forget import forget
from santander.ingest.column_values import clean_column
from santander.ingest.entries import read_entries
from santander.ingest.ingestion import ingest
from santander.ingest.parsing import parse
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS
from santander.schema.columns import COLUMNS
from tests.landing_files import LEGAL, landing_file, record

WHOLE = [column for column in COLUMNS if column.is_whole]
FLOATS = {
    column.source: f"{LEGAL[column.source].strip().removesuffix('.0')}.0" for column in WHOLE if column.source != "ncodpers"
}


def test_every_number_without_decimals_and_every_code_of_digits_is_one_of_them() -> None:
    assert [column.name for column in WHOLE[:9]] == [
        "customer_id", "age", "is_new", "seniority_months", "primary_status", "relation_kind", "address_type", "province_code",
        "is_active",
    ]  # fmt: skip
    assert len(WHOLE) == 9 + 24


@pytest.mark.plan
def test_a_file_of_floats_leaves_the_customers_of_the_plain_one(session: SparkSession, tmp_path: Path) -> None:
    left = []
    ids = range(70_001, 70_011)
    for name, fields, key in (("plain", {}, "{}"), ("floats", FLOATS, "{}.0")):
        settings = Settings.load(data_dir=str(tmp_path / name))
        (settings.data / "raw").mkdir(parents=True)
        file = landing_file(settings.data / "raw" / "a.csv", [record(key.format(i), **fields) for i in ids])
        lake = Lake(settings, session)
        ingest(settings, lake, [file])
        left.append(sorted(lake.read(CUSTOMERS).drop("ingestion_id").collect(), key=str))
        assert read_entries(lake) == []
    assert left[0] == left[1]
    assert forget(settings, [70_004], []).complete
    assert "70004" not in file.read_text()
    ingest(settings, lake, [landing_file(tmp_path / "again.csv", [record(f"{i}.0") for i in ids])])
    assert lake.read(CUSTOMERS).where("customer_id = 70004").count() == 0


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        *[("cod_prov", text, 28) for text in ("28", "28.0", " 28.00 ", "28." + "0" * 20)],
        *[("cod_prov", text, None) for text in ("28.5", "28.", "2.8e1", "28.0.0", "53.0", "28." + "0" * 21)],
        *[("ind_cco_fin_ult1", text, False) for text in ("0", "0.0", "0.00")],
        *[("ncodpers", text, 123_456_789_012_345) for text in ("123456789012345", "123456789012345.0")],
        *[("ncodpers", text, None) for text in ("1234567890123456.0", "15889.5", "1.5889e4")],
        *[("antiguedad", text, None) for text in ("-999999", "-999999.0")],
    ],
)
def test_what_stands_before_the_point_is_meant_where_nothing_stands_behind_it(source: str, text: str, value: object) -> None:
    column = next(column for column in COLUMNS if column.source == source)
    for texts in (parse(f"{text}\n".encode(), 1, 1).texts[0], parse(f"{text}\n".encode(), 1, 1).texts[0].cast("string")):
        cleaned = clean_column(column, texts)
        assert cleaned.values.to_pylist() == [value]
        is_fault = value is None and column.null_value not in {text, text.removesuffix(".0")}
        assert (cleaned.status is not None) == is_fault
