"""A csv that is no landing file: records of the person go, what else names one is told, and nobody else loses a byte."""

from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.forget.forget import Erasure, forget
from santander.forget.landing import find_landing_files
from santander.forget.lines import scan
from santander.lake.lake import Lake
from santander.schema.catalogue import INGESTIONS
from santander.suppression.spellings import sorted_ids
from tests.landing_files import header, record

GONE = 1005072


def laid(settings: Settings, content: str, name: str = "notes.csv") -> Path:
    file = settings.data / "raw" / name
    assert isinstance(file, Path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode())
    return file


def said_of(erasure: Erasure) -> str:
    return "\n".join([*erasure.left, *map(str, erasure.traces)])


@pytest.mark.parametrize(
    "content",
    [
        'ncodpers,note\n1111111,"call\nabout 1005072"\n2222222,ok\n',
        'ncodpers,note\n1111111,"see\n1005072, he asked"\n',
        'ncodpers,note\n1111111,"a\nsee 1005072\nb"\n',
        'customer_id,note\n1111111,x\n1005072,"a\nsecret of his\nb"\n2222222,"fine"\n',
        'customer_id;note\n1005072;x"y;"a\nb"\n',
        'customer_id,note\n1111111,x\n1005072,"never closed\n',
        'customer_id,note\n1111111,"a\n1005072,b\n2222222,c"\n',
        'customer_id,note\n1111111,"he said \\"hi\n1005072,x"\n',
        "customer_id,note\n1111111,'call\n1005072,him'\n",
        "customer_id,note\n1111111,call\\\n1005072,him\n",
        "1005072,x\n1111111,y\n",
        "1111111,y\n1005072,x\n",
        "1111111,1005072\n2222222,3333333\n",
        "1005072",
        '{"a":1005072}',
        "<html><p>1005072</p></html>",
        "when,1005072\n2020,1\n",
        "ncodpers,c1005072\n1111111,2\n",
        "ncodpers,a\r1111111,1\r1005072,2\r",
        "ncodpers,a\n1111111,1\r1005072,2\n",
        "ncodpers,referred_by\n1111111,1005072\n",
        'ncodpers,note\n1111111,"see also 1005072"\n',
        "ncodpers,note\n1111111,see 1005072, he asked\n",
        "note,ncodpers,x\ncalled 1111111,1005072,1111111,x\n",
        "ncodpers,note\nES1005072,x\n1005072L,y\n",
        "ncodpers,note\ncustomer_1005072,x\n",
    ],
)
def test_what_may_be_of_somebody_else_is_told_and_stays(settings: Settings, content: str) -> None:
    file = laid(settings, content)
    erasure = forget(settings, [GONE], [])
    assert not erasure.complete
    assert f"{file}" in said_of(erasure)
    assert file.read_bytes() == content.encode()


@pytest.mark.parametrize(
    ("content", "rest"),
    [
        (
            'ncodpers,note\r\n1111111,"a, ""b"""\r\n"1005072","x"\r\n2222222,5" tube\r\n',
            'ncodpers,note\r\n1111111,"a, ""b"""\r\n2222222,5" tube\r\n',
        ),
        ("customer_id,note\n1005072,'x'\n7,L'HOSPITALET\n8,'y'\n", "customer_id,note\n7,L'HOSPITALET\n8,'y'\n"),
        ("customer_id,referred_by\n1005072,1111111\n2222222,\n", "customer_id,referred_by\n2222222,\n"),
        ("ncodpers\trenta\n1005072\t1\n2222222\t1005072\n", "ncodpers\trenta\n2222222\t1005072\n"),
        ("ncodpers,added_products\n1005072,a b\n7,c", "ncodpers,added_products\n7,c"),
    ],
)
def test_whole_records_of_the_person_go_and_nothing_else(settings: Settings, content: str, rest: str) -> None:
    file = laid(settings, content)
    erasure = forget(settings, [GONE], [])
    assert (erasure.complete, erasure.files) == (True, [str(file)])
    assert file.read_bytes() == rest.encode()


def test_records_go_while_what_others_say_of_the_person_is_told(settings: Settings) -> None:
    file = laid(settings, "ncodpers,referred_by\n1005072,\n1111111,1005072\n")
    erasure = forget(settings, [GONE], [])
    assert file.read_text() == "ncodpers,referred_by\n1111111,1005072\n"
    (trace,) = erasure.traces
    assert str(trace) == f"{file} (line 2, outside of the key column; 1 in all)"


@pytest.mark.parametrize("ends", [(), ("quarantine_id", "reason")])
def test_lines_of_a_landing_file_are_its_records_and_its_incomes_no_ids(tmp_path: Path, ends: tuple[str, ...]) -> None:
    lines = [header(), record(7, renta=str(GONE)), record(GONE, nomprov='"MALAGA'), record(8, nomprov=f'"{GONE}"'), record(GONE)]
    if ends:
        lines = [f"{ends[0]},{lines[0]},{ends[1]}", *(f"x:9,{line},bad_key" for line in lines[1:])]
    file = tmp_path / "a.csv"
    file.write_text("\n".join(lines))
    found = scan(file, sorted_ids([GONE]))
    assert ([line.number for line in found.lines], found.beside, found.has_long_fields) == ([3, 5], (), False)


def test_a_key_of_a_landing_file_with_letters_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("\n".join([header(), record(f"{GONE}L"), record(f"12{GONE}"), record(f"c_{GONE}")]))
    found = scan(file, sorted_ids([GONE]))
    assert ([line.number for line in found.beside], found.lines) == ([2, 4], ())


def test_a_field_that_spans_lines_is_noticed_where_blocks_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("santander.forget.lines._BLOCK", 40)
    for text, spans in (('"a\nb"', True), ('"a, b"', False)):
        file = tmp_path / "a.csv"
        file.write_text("ncodpers,note\n" + f"1111111,{text}\n" * 20 + f"{GONE},x\n")
        assert scan(file, sorted_ids([GONE])).has_long_fields is spans


def test_a_file_ingested_from_elsewhere_that_names_somebody_beside_is_told(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("\n".join([header(), record(f"{GONE}L")]))
    lake = Lake(settings)
    of_file = {"file": str(elsewhere), "file_sha256": "0" * 64, "ingestion_id": "x", "month": "2015-01", "mode": "replace"}
    counts = dict.fromkeys(("read", "kept", "quarantined_rows", "rows_with_quarantined_values", "inserted"), 0)
    lake.append_rows(INGESTIONS, [dict.fromkeys(name for name, _ in INGESTIONS.columns) | of_file | counts])
    found = find_landing_files(settings, lake, sorted_ids([GONE]), [])
    ((_, said),) = found.left
    assert said.startswith(f"{elsewhere}: names one of them (line 2, in a key that is no plain id)")
