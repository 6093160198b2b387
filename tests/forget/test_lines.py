"""A person's lines leave a csv file, and nobody else's do."""

import gzip
import hashlib
from pathlib import Path

import pytest

from santander.forget import lines as lines_of
from santander.forget.lines import cut_out, scan
from santander.suppression.spellings import sorted_ids
from tests.landing_files import header, landing_file, record

GONE = 1375586


def cut(path: Path, *ids: int) -> str:
    with cut_out(scan(path, sorted_ids(ids))) as sha256:
        pass
    return sha256


def test_the_lines_of_a_person_go_and_the_rest_stays_byte_for_byte(tmp_path: Path) -> None:
    kept = [record(15889), record(15890, "2015-02", cod_prov="15", nomprov='"CORUÑA, A"'), record(GONE + 1)]
    file = landing_file(tmp_path / "a.csv", [kept[0], record(GONE), kept[1], record(f"0{GONE}", "2015-02"), kept[2]])
    found = scan(file, sorted_ids([GONE]))
    assert [(line.number, line.month) for line in found.lines] == [(3, "2015-01"), (5, "2015-02")]
    assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    sha256 = cut(file, GONE)
    assert file.read_text() == "\n".join([header(), *kept, ""])
    assert sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_an_income_is_no_id(tmp_path: Path) -> None:
    file = landing_file(tmp_path / "a.csv", [record(7, renta=str(GONE)), record(8, renta=f"{GONE}.0")])
    assert scan(file, sorted_ids([GONE])).lines == ()


@pytest.mark.parametrize(
    "line",
    [
        f"2015-01-28,{GONE},N,ES",
        record(GONE) + ",0",
        record(GONE, nomprov='"MALAGA'),
        record(7, nomprov='"MALAGA', renta=str(GONE)),
        f"note on {GONE}",
        record(GONE).replace("ES", "E\rS"),
    ],
)
def test_a_line_that_is_no_record_goes_when_the_id_stands_in_it(line: str, tmp_path: Path) -> None:
    file = landing_file(tmp_path / "a.csv", [record(15889), line, record(15890)])
    assert [found.number for found in scan(file, sorted_ids([GONE])).lines] == [3]


def test_a_short_id_is_found_in_its_column_only(tmp_path: Path) -> None:
    file = landing_file(tmp_path / "a.csv", [record(35), record(15889), "35,35,35"])
    assert [line.number for line in scan(file, sorted_ids([35])).lines] == [2, 4]


def test_a_packed_file_stays_packed_and_a_last_line_may_be_open(tmp_path: Path) -> None:
    file = tmp_path / "a.csv.gz"
    file.write_bytes(gzip.compress("\n".join([header(), record(15889), record(GONE)]).encode()))
    sha256 = cut(file, GONE)
    plain = gzip.decompress(file.read_bytes())
    assert plain.decode() == f"{header()}\n{record(15889)}\n"
    assert sha256 == hashlib.sha256(plain).hexdigest()


def test_carriage_returns_and_the_mark_at_the_start_stay(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([header(), record(GONE), record(15889), ""]).encode())
    cut(file, GONE)
    assert file.read_bytes() == b"\xef\xbb\xbf" + "\r\n".join([header(), record(15889), ""]).encode()


def test_blocks_need_not_end_with_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_of, "_BLOCK", 100)
    kept = [record(20_000 + i) for i in range(20)]
    file = landing_file(tmp_path / "a.csv", [line for each in kept for line in (each, record(GONE))])
    assert [line.number for line in scan(file, sorted_ids([GONE])).lines] == list(range(3, 42, 2))
    cut(file, GONE)
    assert file.read_text() == "\n".join([header(), *kept, ""])


def test_a_submission_is_read_by_its_own_key_column(tmp_path: Path) -> None:
    file = tmp_path / "2016-06.csv"
    file.write_text(f"ncodpers,added_products\n15889,ind_cco_fin_ult1\n{GONE},ind_cco_fin_ult1\n")
    cut(file, GONE)
    assert file.read_text() == "ncodpers,added_products\n15889,ind_cco_fin_ult1\n"


def test_a_line_of_another_file_may_quote_a_whole_record(tmp_path: Path) -> None:
    """As the list of what a dirty bank damaged does: it has no key column, and its texts have commas of their own."""
    file = tmp_path / "dirty_lines.csv"
    quoted = record(GONE).replace('"', '""')
    file.write_text(f'"file","line","raw"\n"a.csv","7","{quoted}"\n"a.csv","9","{quoted.replace(str(GONE), "15889")}"\n')
    assert [line.number for line in scan(file, sorted_ids([GONE])).lines] == [2]


def test_nothing_is_replaced_when_the_writing_breaks_off(tmp_path: Path) -> None:
    file = landing_file(tmp_path / "a.csv", [record(GONE)])
    before = file.read_bytes()
    with pytest.raises(KeyboardInterrupt), cut_out(scan(file, sorted_ids([GONE]))):
        raise KeyboardInterrupt
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
