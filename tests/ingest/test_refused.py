"""A refusal for what is in the lines names month, column and a line; what it would have put aside is kept until the next try."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.cli.refused_entries import RefusedPayload, list_refused
from santander.config.settings import Settings
from santander.errors import InputError
from santander.forget.forget import forget
from santander.ingest.ingestion import ingest
from santander.ingest.refused import entries_file, read_refused
from santander.lake.lake import Lake
from santander.schema.catalogue import QUARANTINE
from tests.landing_files import landing_file, record

pytestmark = pytest.mark.plan
KEYS = range(70_001, 70_011)


def refusal(settings: Settings, session: SparkSession, *files: Path) -> InputError:
    with pytest.raises(InputError) as refused:
        ingest(settings, Lake(settings, session), files)
    return refused.value


@pytest.mark.sample(push=2)
@pytest.mark.parametrize(
    ("line", "month", "column", "example"),
    [
        (lambda i: record(i, ind_cco_fin_ult1="x"), "2015-01", "ind_cco_fin_ult1", "x"),
        (lambda i: record(i, cod_prov="28.5", age="300" if i == KEYS[1] else "30"), "2015-01", "cod_prov", "28.5"),
        (lambda i: record(i, fecha_dato="2015-01-27"), "2015-01", "fecha_dato", "2015-01-27"),
        (lambda i: record(i, fecha_dato="28/01/2015"), None, "fecha_dato", "28/01/2015"),
        (lambda i: record(f"C{i}"), "2015-01", "ncodpers", "C70001"),
        (lambda i: record(i).rpartition(",")[0], "2015-01", None, record(KEYS[0])[:60]),
        (lambda i: record(KEYS[0] if i < KEYS[5] else i), "2015-01", "ncodpers", "70001"),
    ],
)  # fmt: skip
def test_a_refusal_names_month_column_and_an_example_with_its_line(
    session: SparkSession, tmp_path: Path, line: Callable[[int], str], month: str | None, column: str | None, example: str
) -> None:
    settings = Settings.load(data_dir=str(tmp_path / "data"))
    file = landing_file(tmp_path / "a.csv", [line(i) for i in KEYS])
    refused = refusal(settings, session, file)
    assert (refused.file, refused.month, refused.column, refused.example) == (str(file), month, column, example)
    entries, groups = read_refused(settings.state)
    assert refused.line in entries["line"].to_pylist()
    assert "'santander quarantine --refused'" in (refused.hint or "")
    assert sum(groups["count"].to_pylist()) == entries.num_rows
    assert set(entries["file"].to_pylist()) == {str(file)}
    assert not Lake(settings).exists(QUARANTINE)
    assert not (settings.data / "lake").exists()  # it would have been begun
    listed = list_refused(settings, {}, 20).payload
    assert isinstance(listed, RefusedPayload)
    fields = {(entry.broken.source_column, entry.broken.text[:60]) for entry in listed.entries}
    assert (column, example) in fields


def test_where_no_line_is_legal_no_larger_share_is_offered(session: SparkSession, tmp_path: Path) -> None:
    file = landing_file(tmp_path / "a.csv", [record(i, ind_cco_fin_ult1="x") for i in KEYS])
    for share in (0.01, 1.0):
        settings = Settings.load(data_dir=str(tmp_path / "data"), ingest={"max_quarantine_share": share})
        refused = refusal(settings, session, file)
        assert "the files hold no legal record" in str(refused)
        assert (refused.file, refused.column, refused.example, refused.line) == (str(file), "ind_cco_fin_ult1", "x", 2)
        assert "correct the file" in (refused.hint or "")
        assert "MAX_QUARANTINE_SHARE" not in str(refused)


def test_what_was_refused_is_kept_until_the_next_try_and_erased_with_its_person(session: SparkSession, tmp_path: Path) -> None:
    settings = Settings.load(data_dir=str(tmp_path / "data"), ingest={"refused_kept": 4})
    (settings.data / "raw").mkdir(parents=True)
    good = landing_file(settings.data / "raw" / "good.csv", [record(i) for i in KEYS])
    bad = landing_file(tmp_path / "bad.csv", [*(record(i, sexo="Q") for i in KEYS[:5]), *(record(i) for i in KEYS[5:])])
    ingest(settings, Lake(settings, session), [good])
    refusal(settings, session, bad)
    entries, groups = read_refused(settings.state)
    assert entries["customer_id"].to_pylist() == [*KEYS[:4]]
    assert groups["count"].to_pylist() == [5]
    broken = landing_file(tmp_path / "bad.csv", [f"{record(i)},70002" for i in KEYS])
    refusal(settings, session, broken)
    assert forget(settings, [KEYS[0]], [broken]).complete
    entries, _ = read_refused(settings.state)
    assert entries["customer_id"].to_pylist() == [*KEYS[1:4]]
    refusal(settings, session, landing_file(tmp_path / "bad.csv", [f"{record(i)},1" for i in KEYS]))
    entries, _ = read_refused(settings.state)
    assert entries["customer_id"].to_pylist() == [*KEYS[1:5]]  # an erased person is in no list
    assert forget(settings, [KEYS[1]], [], dry_run=True).files.count(str(entries_file(settings.state))) == 1
    ingest(settings, Lake(settings, session), [landing_file(tmp_path / "once more.csv", [record(i) for i in KEYS])])
    assert read_refused(settings.state)[0].num_rows == 0
    assert not entries_file(settings.state).parent.exists()
