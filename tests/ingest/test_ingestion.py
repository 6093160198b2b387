import datetime as dt
import gzip
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.ingest.accounting import MonthWouldShrink
from santander.ingest.duplicates import TooManyDuplicates
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.ingestion import IngestReport, ingest
from santander.ingest.shares import TooMuchQuarantine
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE
from santander.schema.months import Month
from tests.landing_files import header, landing_file, record

JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)


@pytest.fixture
def lenient(tmp_path: Path) -> Settings:
    """A few lines cannot hold one bad line in a hundred, so these tests take any share."""
    return Settings.load(data_dir=str(tmp_path / "data"), ingest={"max_quarantine_share": 1.0})


def run(settings: Settings, session: SparkSession, *files: Path, allow_shrink: bool = False) -> IngestReport:
    return ingest(settings, Lake(settings, session), files, allow_shrink=allow_shrink)


def customers(settings: Settings) -> dict[int, dict[str, object]]:
    rows = DeltaTable(f"{settings.lake}/customers").to_pyarrow_table().to_pylist()
    assert len({(row["customer_id"], row["snapshot_date"]) for row in rows}) == len(rows)
    return {row["customer_id"]: row for row in rows}


def quarantine(settings: Settings) -> list[tuple[object, ...]]:
    rows = DeltaTable(f"{settings.lake}/quarantine").to_pyarrow_table().to_pylist()
    return sorted((row["line"], row["scope"], row["reason"], row["column"], row["month"], row["raw"]) for row in rows)


@pytest.mark.plan
def test_a_record_is_typed_and_translated(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    line = record(
        7,
        ult_fec_cli_1t="2015-01-20",
        indrel="99",
        cod_prov="15",
        nomprov='"CORUÑA, A"',
        ind_cco_fin_ult1="1",
        ind_recibo_ult1="1",
    )
    run(lenient, session, landing_file(tmp_path / "a.csv", [line]))
    row = customers(lenient)[7]
    assert row["snapshot_date"] == dt.date(2015, 1, 28)
    assert (row["age"], row["sex"], row["seniority_months"], row["primary_status"]) == (35, "H", 6, 99)
    assert (row["joined_on"], row["last_primary_on"]) == (dt.date(2015, 1, 12), dt.date(2015, 1, 20))
    assert (row["relation_kind"], row["is_resident"], row["is_foreign_born"], row["is_employee_spouse"]) == (
        "1",
        True,
        False,
        None,
    )
    assert (row["province"], row["channel"], row["household_income"]) == ("CORUÑA, A", "KHL", 87218.1)
    assert (row["current_account"], row["direct_debit"], row["payroll"]) == (True, True, False)
    assert row["holdings"] == 1 << 2 | 1 << 23


def test_missing_values_of_every_form_are_null_and_not_quarantined(
    lenient: Settings, session: SparkSession, tmp_path: Path
) -> None:
    line = record(7, age=" NA", antiguedad="-999999", nomprov='""', renta="         NA", indrel="NA", sexo="", segmento="")
    run(lenient, session, landing_file(tmp_path / "a.csv", [line]))
    row = customers(lenient)[7]
    names = ("age", "seniority_months", "province", "household_income", "primary_status", "sex", "segment")
    assert [row[name] for name in names] == [None] * 7
    assert quarantine(lenient) == []


def test_a_product_flag_not_known_is_null_and_not_held(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    line = record(7, ind_nomina_ult1="NA", ind_nom_pens_ult1="NA", ind_cco_fin_ult1="1")
    run(lenient, session, landing_file(tmp_path / "a.csv", [line]))
    assert (customers(lenient)[7]["payroll"], customers(lenient)[7]["holdings"]) == (None, 4)


def test_a_file_without_products_leaves_them_unknown(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    run(lenient, session, landing_file(tmp_path / "test.csv", [record(7, columns=24)], columns=24))
    assert (customers(lenient)[7]["current_account"], customers(lenient)[7]["holdings"]) == (None, None)


@pytest.mark.parametrize(
    ("line", "reason", "month"),
    [
        (record("12x"), "bad_customer_id", "2015-01"),
        (record(""), "bad_customer_id", "2015-01"),
        (record(8, fecha_dato="2015-01-27"), "bad_snapshot_date", "2015-01"),
        (record(8, fecha_dato="yesterday"), "bad_snapshot_date", "unknown"),
        (record(8, fecha_dato="2051-01-27"), "bad_snapshot_date", "unknown"),
        (record(8, ind_cco_fin_ult1="2"), "bad_product_flag", "2015-01"),
        (record(8, ind_cco_fin_ult1=""), "bad_product_flag", "2015-01"),
        (record(8) + ",0", "wrong_number_of_fields", "2015-01"),
        (record(8, nomprov='"MALAGA'), "open_quote", "2015-01"),
        (record(7, age=" 99"), "duplicate_key", "2015-01"),
    ],
)
def test_a_line_that_breaks_its_row_goes_to_quarantine_whole(
    lenient: Settings, session: SparkSession, tmp_path: Path, line: str, reason: str, month: str
) -> None:
    report = run(lenient, session, landing_file(tmp_path / "a.csv", [record(7), line, record(9)]))
    assert quarantine(lenient) == [(3, "row", reason, None, month, line)]
    assert sorted(customers(lenient)) == [7, 9]
    assert customers(lenient)[7]["age"] == 35
    assert sum(count.read for count in report.counts) == 3
    assert sum(count.kept for count in report.counts) == 2


@pytest.mark.parametrize(
    ("field", "text", "column", "reason"),
    [
        ("age", "165", "age", "out_of_range"),
        ("age", "1d", "age", "unreadable"),
        ("cod_prov", "53", "province_code", "out_of_range"),
        ("sexo", "X", "sex", "unreadable"),
        ("indresi", "1", "is_resident", "unreadable"),
        ("fecha_alta", "2015-02-30", "joined_on", "unreadable"),
        ("fecha_alta", "2015", "joined_on", "unreadable"),
        ("renta", "inf", "household_income", "unreadable"),
        ("renta", "-5.0", "household_income", "unreadable"),
        ("segmento", "04 - OTHER", "segment", "unreadable"),
    ],
)
def test_a_bad_value_breaks_only_itself(
    lenient: Settings, session: SparkSession, tmp_path: Path, field: str, text: str, column: str, reason: str
) -> None:
    run(lenient, session, landing_file(tmp_path / "a.csv", [record(7, **{field: text})]))
    assert customers(lenient)[7][column] is None
    assert quarantine(lenient) == [(2, "value", reason, column, "2015-01", text)]


def test_unusual_but_legal_values_stay(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    run(lenient, session, landing_file(tmp_path / "a.csv", [record(7, age="164", renta="28894395.51", pais_residencia="NA")]))
    row = customers(lenient)[7]
    assert (row["age"], row["household_income"], row["country"]) == (164, 28894395.51, "NA")
    assert quarantine(lenient) == []


@pytest.mark.plan
def test_of_equal_keys_the_first_file_on_the_command_line_wins(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    first = landing_file(tmp_path / "z.csv", [record(7, age=" 20")])
    second = landing_file(tmp_path / "a.csv", [record(8), record(7, age=" 30", sexo="X")])
    run(lenient, session, first, second)
    assert customers(lenient)[7]["age"] == 20
    assert [(line, scope, reason) for line, scope, reason, *_ in quarantine(lenient)] == [(3, "row", "duplicate_key")]


@pytest.mark.plan
def test_months_found_are_replaced_and_others_untouched(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    run(settings, session, landing_file(tmp_path / "a.csv", [record(7), record(8), record(7, "2015-02")]))
    run(settings, session, landing_file(tmp_path / "b.csv", [record(7, age=" 50"), record(9)]))
    lake = Lake(settings)
    assert lake.rows_by_month(CUSTOMERS) == {JANUARY: 2, FEBRUARY: 1}
    rows = DeltaTable(lake.path(CUSTOMERS)).to_pyarrow_table().to_pylist()
    assert {(row["customer_id"], row["snapshot_date"].month, row["age"]) for row in rows} == {(7, 1, 50), (9, 1, 35), (7, 2, 35)}


def test_the_same_file_again_leaves_the_same_content(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    file = landing_file(tmp_path / "a.csv", [record(7), record(8, age="999"), "nonsense"])
    run(lenient, session, file)
    before = customers(lenient), quarantine(lenient)
    run(lenient, session, file)
    assert (customers(lenient), quarantine(lenient)) == before


@pytest.mark.plan
def test_too_large_a_share_refuses_everything_and_counts_the_reasons(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    good = [record(i) for i in range(1, 100)]
    run(settings, session, landing_file(tmp_path / "a.csv", good))
    bad = [*good, record(100, sexo="X"), record(101, "2015-02", ind_cco_fin_ult1="7"), record(102, "2015-02")]
    with pytest.raises(TooMuchQuarantine, match=r"2015-02: 1 of 2 rows \(bad_product_flag 1\)") as refusal:
        run(settings, session, landing_file(tmp_path / "b.csv", bad))
    assert "2015-01" not in str(refusal.value)  # 1 of 100 is not more than 1 %
    assert Lake(settings).rows_by_month(CUSTOMERS) == {JANUARY: 99}
    assert Lake(settings).version(INGESTIONS) == 1
    assert quarantine(settings) == []


def test_a_file_delivered_twice_in_one_is_refused(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    lines = [record(i) for i in range(1, 50)]
    with pytest.raises(TooManyDuplicates, match="49 records repeat the key of another, such as customer 1 in 2015-01 "):
        run(settings, session, landing_file(tmp_path / "a.csv", lines + lines))
    assert not Lake(settings).exists(CUSTOMERS)


def test_a_month_does_not_lose_more_than_half_its_rows_unasked(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    run(settings, session, landing_file(tmp_path / "a.csv", [record(i) for i in range(1, 6)]))
    smaller = landing_file(tmp_path / "b.csv", [record(1), record(2)])
    with pytest.raises(MonthWouldShrink, match="2015-01 from 5 to 2 rows"):
        run(settings, session, smaller)
    run(settings, session, smaller, allow_shrink=True)
    assert Lake(settings).rows_by_month(CUSTOMERS) == {JANUARY: 2}


@pytest.mark.plan
def test_packed_files_windows_line_ends_and_a_byte_order_mark_read_like_the_plain_file(
    lenient: Settings, session: SparkSession, tmp_path: Path
) -> None:
    plain = landing_file(tmp_path / "a.csv", [record(7), record(8, cod_prov="15", nomprov='"CORUÑA, A"')])
    run(lenient, session, plain)
    expected = customers(lenient)
    packed, windows = tmp_path / "a.csv.gz", tmp_path / "w.csv"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    windows.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n"))
    for file in (packed, windows):
        run(lenient, session, file)
        assert customers(lenient) == expected
    assert quarantine(lenient) == []


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "the file is empty"),
        (b"a;b;c\n1;2;3\n", "the header must be the 48 columns"),
        (
            header().replace("fecha_dato", "date").encode() + b"\n" + record(7).encode() + b"\n",
            "missing fecha_dato; not of the file 'date'",
        ),
        (header().encode() + b"\n", "has a header but no records"),
        ((header() + "\n" + record(7) + "\n" + record(8)).encode() + b"\xff\n", "line 3 is not UTF-8 text"),
        (b"\x1f\x8bnot really gzip", "cannot be unpacked"),
        (b"\xf1ame,\xff\xfe", "the header is not UTF-8 text"),
        (b"x" * 300_000, "the first line is longer than"),
    ],
)
def test_a_file_that_may_not_be_read_is_refused_before_anything_is_written(
    settings: Settings, session: SparkSession, tmp_path: Path, content: bytes, rule: str
) -> None:
    good = landing_file(tmp_path / "good.csv", [record(7)])
    bad = tmp_path / "bad.csv"
    bad.write_bytes(content)
    with pytest.raises(LandingFileRefused, match=rule) as refusal:
        run(settings, session, good, bad)
    assert str(refusal.value).startswith(str(bad))
    assert refusal.value.exit_code == 2
    assert not Lake(settings).exists(QUARANTINE)


def test_a_folder_is_refused_by_name(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(LandingFileRefused, match="is a folder: name the files in it"):
        run(settings, session, tmp_path)


def test_one_content_twice_is_refused(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    file, copy = (landing_file(tmp_path / name, [record(7)]) for name in ("a.csv", "b.csv"))
    for second in (file, copy):
        with pytest.raises(LandingFileRefused, match=r"has the same content as .*a\.csv: name one of them"):
            run(lenient, session, file, second)


def test_a_file_of_corrections_is_no_landing_file(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    file = tmp_path / "fix.csv"
    file.write_text(f"quarantine_id,{header()}\n0123456789abcdef:2,{record(7)}\n")
    with pytest.raises(LandingFileRefused, match="is a file of corrections: 'santander quarantine --replay' takes it in"):
        run(settings, session, file)


def test_a_quarantined_line_names_its_customer_where_its_second_field_is_a_key(
    lenient: Settings, session: SparkSession, tmp_path: Path
) -> None:
    lines = {
        record(7): None,  # kept
        record(8, fecha_dato="2015-01-27"): 8,
        "2015-01-28, 9 ,too,short": 9,
        '"2015-01-28","10","open': 10,
        '2015-01-28,"11,N': None,
        "2015-01-28,1\r2,N": None,
        "2015-01-28,13,a\rb": 13,
        "2015-01-28": None,
        record("0"): None,
        record(14, ind_cco_fin_ult1="x"): 14,
    }
    run(lenient, session, landing_file(tmp_path / "a.csv", list(lines)))
    rows = DeltaTable(f"{lenient.lake}/quarantine").to_pyarrow_table().to_pylist()
    assert {row["line"]: row["customer_id"] for row in rows} == dict(enumerate(list(lines.values())[1:], 3))
    assert {row["month"] for row in rows} == {"2015-01"}


def test_a_file_that_is_not_there_is_refused(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        run(settings, session, tmp_path / "nothing.csv")


def test_packed_files_of_one_name_in_two_folders_are_two_files(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    files = []
    for folder, customer in (("one", 7), ("two", 8)):
        (tmp_path / folder).mkdir()
        plain = landing_file(tmp_path / folder / "m.csv", [record(customer)])
        packed = plain.with_suffix(".csv.gz")
        packed.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
        files.append(packed)
    run(lenient, session, *files)
    assert sorted(customers(lenient)) == [7, 8]


def test_a_line_of_a_few_hundred_thousand_bytes_is_only_one_bad_line(
    lenient: Settings, session: SparkSession, tmp_path: Path
) -> None:
    endless = '2015-01-28,"' + "x" * 300_000
    run(lenient, session, landing_file(tmp_path / "a.csv", [record(7), endless, record(8)]))
    assert sorted(customers(lenient)) == [7, 8]
    assert [(line, reason) for line, _, reason, *_ in quarantine(lenient)] == [(3, "open_quote")]


@pytest.mark.plan
def test_a_text_of_megabytes_is_kept_whole_in_quarantine(lenient: Settings, session: SparkSession, tmp_path: Path) -> None:
    lines = [record(7), record(8, canal_entrada="y" * (3 << 20)), "z" * (3 << 20), record(9, canal_entrada="K\0A"), record(10)]
    run(lenient, session, landing_file(tmp_path / "a.csv", lines))
    assert sorted(customers(lenient)) == [7, 8, 9, 10]
    rows = DeltaTable(f"{lenient.lake}/quarantine").to_pyarrow_table().to_pylist()
    assert {row["line"]: row["raw"] for row in rows} == {3: "y" * (3 << 20), 4: "z" * (3 << 20), 5: "K\0A"}


@pytest.mark.plan
def test_chunks_of_a_few_lines_give_the_same_tables(session: SparkSession, tmp_path: Path) -> None:
    lines = [record(i, cod_prov="15", nomprov='"CORUÑA, A"') for i in range(1, 60)]
    lines[20], lines[40] = "short,line", record(41, age="999")
    file = landing_file(tmp_path / "a.csv", lines)
    outcomes = []
    for chunk_bytes in (1 << 24, 1024):
        chosen = {"max_quarantine_share": 1.0, "chunk_bytes": chunk_bytes}
        settings = Settings.load(data_dir=str(tmp_path / str(chunk_bytes)), ingest=chosen)
        run(settings, session, file)
        outcomes.append((customers(settings), quarantine(settings)))
    assert outcomes[0] == outcomes[1]
    assert [line for line, *_ in outcomes[0][1]] == [22, 42]
