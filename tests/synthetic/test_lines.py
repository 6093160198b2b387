"""The bytes of the raw files: two lines of the real train file, then the traps one by one."""

import csv
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa

from santander.schema.columns import COLUMNS
from santander.schema.months import Month
from santander.synthetic import facts
from santander.synthetic.lines import LineWriter, income_texts
from santander.synthetic.people import People
from santander.synthetic.profile import Profile
from tests.synthetic.conftest import WrittenBank

FIRST_REAL_LINE = (
    '2015-01-28,1375586,N,ES,H, 35,2015-01-12, 0,      6, 1,,1.0,A,S,N,,KHL,N, 1,29,"MALAGA", 1,87218.1,02 - PARTICULARES,'
    "0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 0, 0,0\n"
)
SECOND_REAL_LINE = (
    '2015-01-28,1050741,,,, NA,,NA,     NA,NA,,,,,,,,,NA,NA,"",NA,,,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 0, 0,0\n'
)
CURRENT_ACCOUNT = 1 << 2
JANUARY = Month(2015, 1)


def two_customers() -> People:
    """The customers of the two real lines; of the second the files say nothing but its number."""
    two = np.ones(2, np.int64)
    code = np.ones(2, np.int16)
    joined = np.array(["2015-01-12", "2012-08-10"], "datetime64[D]").astype(np.int64)
    return People(
        customer_id=np.array([1_375_586, 1_050_741]),
        entry=0 * two,
        joined=joined,
        born=two,
        sex=code,
        sex_change=two,
        employment=code,
        country=code,
        province=29 * code,
        channel=facts.CHANNELS.index("KHL") * code,
        segment=facts.INDIVIDUAL * code,
        segment_later=code,
        segment_change=two,
        foreign_born=np.zeros(2, np.bool_),
        deceased=np.zeros(2, np.bool_),
        spouse=np.zeros(2, np.bool_),
        income=np.array([87_218.1, 50_000.0]),
        late_block=np.array([0, JANUARY.index + 1]),
    )


def two_rows() -> Profile:
    code = np.ones(2, np.int16)
    shown = np.array([1, 0], np.int16)
    return Profile(
        who=np.arange(2),
        block=np.array([False, True]),
        age=np.array([35, 40]),
        seniority=np.array([6, 6]),
        is_new=np.zeros(2, np.bool_),
        left_on=np.zeros(2, np.int64),
        sex=facts.WOMAN * shown,
        segment=facts.INDIVIDUAL * shown,
        channel=facts.CHANNELS.index("KHL") * shown,
        relation_kind=facts.RELATION_KINDS.index("1.0") * shown,
        relation_type=code * shown,
        active=np.ones(2, np.bool_),
        payroll_missing=np.zeros(2, np.bool_),
    )


def train_lines(rows: Profile, holdings: int = CURRENT_ACCOUNT, month: Month = JANUARY) -> list[str]:
    written = LineWriter(two_customers()).train(month, rows, np.full(2, holdings, np.int32), np.arange(2))
    return pa.array(written).to_pylist()


def test_two_lines_of_the_real_file_come_out_to_the_byte() -> None:
    # 13 % of incomes carry float noise, customer 0 among them: 87218.1 itself is not such a value
    first, second = train_lines(two_rows())
    assert re.sub(r"87218\.1\d*", "87218.1", first) == FIRST_REAL_LINE
    assert second == SECOND_REAL_LINE


def test_a_primary_customer_who_left_shows_99_and_the_day() -> None:
    rows = replace(two_rows(), left_on=np.array([13, 13]))
    first, second = train_lines(rows, month=Month(2015, 7))
    assert first.split(",")[9:11] == ["99", "2015-07-13"]
    assert second.split(",")[9:11] == ["NA", ""]


def test_unknown_payroll_flags_are_padded_na_and_hide_no_product() -> None:
    rows = replace(two_rows(), payroll_missing=np.ones(2, np.bool_))
    assert train_lines(rows)[0].endswith(",NA,NA,0\n")
    payroll_and_deposit = 3 << 21
    assert train_lines(rows, holdings=payroll_and_deposit)[0].endswith(", 1, 1,0\n")


def test_every_product_has_its_column() -> None:
    for bit, column in enumerate(COLUMNS[24:]):
        fields = train_lines(two_rows(), holdings=1 << bit)[0].strip().split(",")[24:]
        assert [name.strip() for name in fields] == ["1" if other == bit else "0" for other in range(24)], column.name


def test_test_lines_end_with_the_segment_and_pad_the_income() -> None:
    written = LineWriter(two_customers()).test(JANUARY, two_rows(), np.arange(2)).to_pylist()
    assert written[0].endswith(", 1,   87218.10,02 - PARTICULARES\n")
    assert written[1].endswith(',"",NA,         NA,\n')


def test_income_is_plain_with_noise_in_about_13_percent() -> None:
    euros = np.round(np.random.default_rng(0).uniform(1_000, 500_000, 10_000), 2)
    texts = income_texts(euros, padded=False).to_pylist()
    noisy = [len(text.split(".")[1]) > 3 for text in texts]
    assert 0.12 < np.mean(noisy) < 0.14
    assert np.allclose([float(text[:-1]) for text in texts], euros, rtol=0, atol=1e-8)


def test_headers_are_quoted_and_bodies_quote_the_province_alone(clean: WrittenBank) -> None:
    names = [column.source for column in COLUMNS]
    for file, lines, columns in (("train_ver2.csv", clean.train, 48), ("test_ver2.csv", clean.test, 24)):
        raw = (clean.folder / file).read_bytes()
        assert raw.split(b"\n", 1)[0].decode() == ",".join(f'"{name}"' for name in names[:columns])
        assert raw.endswith(b"\n")
        assert b"\r" not in raw
        assert all(line.count('"') == 2 for line in lines)
        rows = list(csv.reader(lines))
        assert {len(row) for row in rows} == {columns}
        quoted = [line.split('"')[1] for line in lines]
        assert quoted == [row[20] for row in rows]
        assert "CORUÑA, A" in quoted


def test_padded_columns_are_right_aligned_and_never_empty(clean: WrittenBank) -> None:
    widths = {"age": 3, "seniority_months": 7, "is_new": 2, "primary_status": 2, "address_type": 2, "province_code": 2}
    widths |= {"is_active": 2, "payroll": 2, "pension_deposit": 2}
    rows = list(csv.reader(clean.train))
    for place, column in enumerate(COLUMNS):
        texts = {row[place] for row in rows}
        if column.name in widths:
            assert all(len(text) == widths[column.name] and text == text.strip().rjust(len(text)) for text in texts)
            assert "" not in texts
        elif column.name not in ("customer_id", "snapshot_date"):
            assert "NA" not in {text.strip() for text in texts}, column.name


def test_the_relation_is_written_in_two_ways(clean: WrittenBank) -> None:
    kinds = [line.split(",")[11] for line in clean.train]
    assert 0.31 < kinds.count("1") / (kinds.count("1") + kinds.count("1.0")) < 0.33
