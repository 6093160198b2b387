"""Records are cleaned as the lines of a landing file are, whoever wrote them."""

import datetime as dt
import json
import math

import pytest

from santander.config.settings import Settings
from santander.features.rows import READ
from santander.ingest.arrangement import joined_line
from santander.ingest.cleaning import clean
from santander.ingest.parsing import parse
from santander.schema.columns import COLUMNS, PROFILE_COLUMNS
from santander.schema.months import Month
from santander.serving.now.cleaning import NOBODY, Cleaned, Cleaner
from santander.serving.now.refused import LONGEST_TEXT, Refused
from tests.ingest.awkward_texts import TEXTS

MONTH = Month(2016, 6)
GOOD = {
    "fecha_dato": "2016-06-28", "ncodpers": "15889", "ind_empleado": "F", "pais_residencia": "ES", "sexo": "V", "age": " 56",
    "fecha_alta": "1995-01-16", "ind_nuevo": "0", "antiguedad": "256", "indrel": "1", "ult_fec_cli_1t": "", "indrel_1mes": "1.0",
    "tiprel_1mes": "A", "indresi": "S", "indext": "N", "conyuemp": "N", "canal_entrada": "KAT", "indfall": "N", "tipodom": "1",
    "cod_prov": "28", "nomprov": "MADRID", "ind_actividad_cliente": "1", "renta": "326124.90", "segmento": "01 - TOP",
}  # fmt: skip


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner(MONTH, tuple(Settings.load().ingest.null_spellings))


def cleaned(cleaner: Cleaner, *records: object) -> Cleaned:
    return cleaner.clean(records, lambda _: False)


def rows_of(found: Cleaned) -> list[dict[str, object]]:
    """The rows, with the columns that features are made from."""
    return [{name: found.values[name][row] for name in READ} for row in range(len(found.places))]


def one(cleaner: Cleaner, **changes: object) -> tuple[dict[str, object], list[tuple[str, ...]]]:
    """The row of the good record with some changes, empty where there is none, and what is refused."""
    found = cleaned(cleaner, GOOD | changes)
    rows = rows_of(found)
    return rows[0] if rows else {}, [tuple(each) for each in found.refused[0]]


def test_a_line_of_a_landing_file_as_a_record_gives_the_row_of_ingest(cleaner: Cleaner) -> None:
    """For each awkward text in each column: the same value, or the same reason to refuse it."""
    spellings = tuple(Settings.load().ingest.null_spellings)
    header = [column.source for column in PROFILE_COLUMNS]
    texts = [text for text in TEXTS if not {"\n", "\r"} & {*text}]
    records = [GOOD | {name: text} for name in header for text in texts]
    lines = "".join(joined_line([record[name] for name in header]) for record in records).encode()
    ingested = clean(parse(lines, len(records), len(header)), 1, 0, null_spellings=spellings).to_pylist()
    found = cleaned(cleaner, *records)
    rows = dict(zip(found.places, rows_of(found), strict=True))
    in_column = {column.name: column.source for column in PROFILE_COLUMNS}
    for place, (record, line) in enumerate(zip(records, ingested, strict=True)):
        if line["row_reason"] is not None:
            assert place not in rows
            assert [each.rule for each in found.refused[place]] == [line["row_reason"]], record
        elif line["snapshot_date"] != MONTH.snapshot:
            assert [each.rule for each in found.refused[place]] == ["other_month"]
        else:
            assert rows[place] == {name: line[name] for name in READ}, record
            told = {(each.field, each.rule) for each in found.refused[place]}
            assert told == {(in_column[bad["column"]], bad["reason"]) for bad in line["bad_values"] or []}, record


def test_the_names_and_types_of_the_table_say_the_same_as_the_texts_of_a_file(cleaner: Cleaner) -> None:
    typed = {
        "snapshot_date": "2016-06-28", "customer_id": 15889, "employment_status": "F", "country": "ES", "sex": "V", "age": 56,
        "joined_on": "1995-01-16", "is_new": False, "seniority_months": 256, "primary_status": 1, "last_primary_on": None,
        "relation_kind": "1", "relation_type": "A", "is_resident": True, "is_foreign_born": False, "is_employee_spouse": False,
        "channel": "KAT", "is_deceased": False, "address_type": 1, "province_code": 28, "province": "MADRID", "is_active": True,
        "household_income": 326124.90, "segment": "01 - TOP",
    }  # fmt: skip
    found = cleaned(
        cleaner, GOOD, typed, typed | {"joined_on": dt.date(1995, 1, 16)}, GOOD | {"household_income": 5, "renta": None}
    )
    assert found.refused == [[], [], [], []]
    first, *others = rows_of(found)
    assert others == [first, first, first | {"household_income": 5.0}]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"age": "abc"}, ("age", "abc", "unreadable")),
        ({"age": 200}, ("age", "200", "out_of_range")),
        ({"age": 35.5}, ("age", "35.5", "unreadable")),
        ({"age": True}, ("age", "true", "wrong_type")),
        ({"age": [35]}, ("age", "a list of 1", "wrong_type")),
        ({"sexo": {"a": 1}}, ("sexo", "an object of 1", "wrong_type")),
        ({"nomprov": False}, ("nomprov", "false", "wrong_type")),
        ({"renta": math.inf}, ("renta", "inf", "unreadable")),
        ({"renta": 1e300}, ("renta", "1e+300", "unreadable")),
        ({"renta": 10**9 + 1}, ("renta", "1000000001", "out_of_range")),
        ({"renta": 10**5000}, ("renta", "a number of 16610 bits", "unreadable")),
        ({"pais_residencia": "\ud800"}, ("pais_residencia", "?", "unreadable")),
        ({"nomprov": "\udfffMADRID"}, ("nomprov", "?MADRID", "unreadable")),
        ({"canal_entrada": "K" * 1000}, ("canal_entrada", "K" * LONGEST_TEXT + "…", "unreadable")),
        ({"sex": "H"}, ("sexo", "V", "given_twice")),
        ({"fecha_alta": "2016-07-05"}, ("fecha_alta", "2016-07-05", "joined_after_snapshot")),
        ({"colour": "red"}, ("colour", "red", "unknown_field")),
        ({"ind_ahor_fin_ult1": 1}, ("ind_ahor_fin_ult1", "1", "unknown_field")),
    ],
)
def test_a_value_that_cannot_be_used_is_told_and_the_record_keeps_its_row(
    cleaner: Cleaner, changes: dict[str, object], told: tuple[str, str, str]
) -> None:
    row, refused = one(cleaner, **changes)
    assert refused == [told]
    assert row["customer_id"] == 15889
    field = next((column.name for column in PROFILE_COLUMNS if told[0] in (column.name, column.source)), None)
    assert row.get(field) is None
    json.dumps(refused).encode()


def test_values_that_contradict_each_other_are_told_by_the_names_they_came_by(cleaner: Cleaner) -> None:
    row, refused = one(cleaner, cod_prov=29)
    assert refused == [("cod_prov", "29", "province_contradicts_code"), ("nomprov", "MADRID", "province_contradicts_code")]
    assert row["province_code"] is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ncodpers": ""}, ("ncodpers", "", "bad_customer_id")),
        ({"ncodpers": -5}, ("ncodpers", "-5", "bad_customer_id")),
        ({"ncodpers": math.nan}, ("ncodpers", "nan", "bad_customer_id")),
        ({"ncodpers": 2**64}, ("ncodpers", str(2**64), "bad_customer_id")),
        ({"ncodpers": [1]}, ("ncodpers", "a list of 1", "wrong_type")),
        ({"customer_id": 15889}, ("ncodpers", "15889", "given_twice")),
        ({"fecha_dato": "2016-06-27"}, ("fecha_dato", "2016-06-27", "bad_snapshot_date")),
        ({"fecha_dato": "2016-05-28"}, ("fecha_dato", "2016-05-28", "other_month")),
        ({"fecha_dato": 20160628}, ("fecha_dato", "20160628", "bad_snapshot_date")),
    ],
)
def test_what_breaks_a_row_of_a_file_breaks_the_record(
    cleaner: Cleaner, changes: dict[str, object], told: tuple[str, str, str]
) -> None:
    row, refused = one(cleaner, **changes)
    assert (row, refused) == ({}, [told])


@pytest.mark.parametrize("record", [None, 5, "text", [], [1], True, math.nan])
def test_what_is_no_record_is_told_and_its_neighbours_have_their_rows(cleaner: Cleaner, record: object) -> None:
    found = cleaned(cleaner, GOOD, record, GOOD | {"ncodpers": 7})
    assert [each.rule for each in found.refused[1]] == ["not_a_record"]
    assert (found.places, found.ids) == ([0, 2], [15889, 7])


def test_a_field_that_is_left_out_is_unknown_and_so_is_the_customer(cleaner: Cleaner) -> None:
    found = cleaned(cleaner, {}, {"age": 35}, {"fecha_dato": None, "ncodpers": None})
    assert found.refused == [[], [], []]
    assert found.ids == [NOBODY] * 3
    assert [row["age"] for row in rows_of(found)] == [None, 35, None]


def test_of_whom_nothing_is_to_be_said_there_is_no_row(cleaner: Cleaner) -> None:
    found = cleaner.clean([GOOD, GOOD | {"ncodpers": 7}], lambda customer_id: customer_id == 15889)
    assert found.refused[0] == [Refused("ncodpers", "15889", "not_served")]
    assert found.ids == [7]


def test_of_very_many_unknown_fields_some_are_told(cleaner: Cleaner) -> None:
    row, refused = one(cleaner, **{f"field {i}": i for i in range(1_000)})
    assert (row["customer_id"], len(refused)) == (15889, 100)


def test_no_records_make_no_rows(cleaner: Cleaner) -> None:
    found = cleaned(cleaner)
    assert (found.places, found.refused, rows_of(found)) == ([], [], [])


def test_memory_does_not_grow_with_what_callers_send(cleaner: Cleaner) -> None:
    for start in range(0, 12_000, 1_000):
        cleaned(
            cleaner, *({"ncodpers": start + i, "renta": start + i + 0.5, "nomprov": f"{start + i}" * 30} for i in range(1_000))
        )
    assert all(sum(map(len, rule._known.values())) <= 4_096 for rule in cleaner._rules.values())
    assert not any(len(text) > 40 for text in cleaner._rules["province"]._known[str])
    assert len(COLUMNS) == 48
