"""Columns in another order are taken by name: by an ingest, its quarantine, corrections of it, the audit and an erasure."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.audit.audit import Audit
from santander.config.settings import Settings
from santander.forget.forget import forget
from santander.ingest.arrangement import ID_COLUMN, REASON_COLUMN, Arrangement, split_line
from santander.ingest.entries import read_entries, texts_of
from santander.ingest.export import export_corrections
from santander.ingest.ingestion import ingest
from santander.ingest.replay import replay
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, QUARANTINE
from santander.schema.columns import SOURCE_HEADER
from tests.landing_files import header, landing_file, record

pytestmark = pytest.mark.plan
LINES = [
    *(record(70_000 + i) for i in range(9)), record(70_020, age="x", nomprov='"CORUÑA, A"', cod_prov="15"), record(70_003),
    record(70_021, ind_cco_fin_ult1="x", nomprov='"CORUÑA, A"'), record(70_022, "2015-02"), "2015-02-28,70023,short", '"open',
]  # fmt: skip


def reordered(line: str, columns: int) -> str:
    """The line from its last field to its first, for lines in which a comma stands between fields alone but in a province."""
    marked = line.replace("CORUÑA, A", "CORUÑA; A")
    return ",".join(reversed(marked.split(",")[:columns])).replace("CORUÑA; A", "CORUÑA, A")


def files(folder: Path, columns: int) -> tuple[Path, Path]:
    """The same records in the usual order and in the reverse one."""
    lines = [",".join(line.split(",")[:-24]) if columns == 24 and line.count(",") > 40 else line for line in LINES]
    usual = landing_file(folder / "usual.csv", lines, columns=columns)
    other = folder / "other.csv"
    other.write_text("\n".join([reordered(header(columns), columns), *(reordered(line, columns) for line in lines)]) + "\n")
    return usual, other


@pytest.mark.sample(push=1)
@pytest.mark.parametrize("columns", [48, 24])
def test_a_file_in_another_order_leaves_what_the_usual_one_leaves(session: SparkSession, tmp_path: Path, columns: int) -> None:
    left, whole = [], []
    for file in files(tmp_path, columns):
        settings = Settings.load(data_dir=str(tmp_path / file.stem), ingest={"max_quarantine_share": 1.0})
        lake = Lake(settings, session)
        ingest(settings, lake, [file])
        left.append(sorted(lake.read(CUSTOMERS).drop("ingestion_id").collect(), key=str))
        entries = read_entries(lake)
        texts = texts_of(lake, entries)
        records = [entry for entry in entries if entry.reason not in {"open_quote", "wrong_number_of_fields"}]
        fields = [split_line(texts[e.file_sha256, e.line, e.column] or "") for e in records]
        whole.append([(e.line, e.reason, e.month, e.customer_id, *of_line) for e, of_line in zip(records, fields, strict=True)])
        months = {entry.reason: entry.month for entry in entries}
        assert months["wrong_number_of_fields"] == ("2015-02" if file.stem == "usual" else "unknown")
        audit = Audit(settings)
        assert [difference for month in audit.run(audit.present) for difference in month.differences] == []
    assert left[0] == left[1]
    assert whole[0] == whole[1]
    assert len(whole[0]) == (3 if columns == 48 else 4)  # without its flag a record is kept, less its province


def test_what_was_refused_of_it_is_exported_corrected_and_erased(session: SparkSession, tmp_path: Path) -> None:
    _, other = files(tmp_path, 48)
    settings = Settings.load(data_dir=str(tmp_path / "data"), ingest={"max_quarantine_share": 1.0})
    lake = Lake(settings, session)
    (settings.data / "raw").mkdir(parents=True)
    file = other.rename(settings.data / "raw" / "other.csv")
    ingest(settings, lake, [file])
    fix = tmp_path / "fix.csv"
    export_corrections(lake, read_entries(lake), fix, duplicates=False)
    lines = fix.read_text().splitlines()
    flag = next(line for line in lines if "bad_product_flag" in line).replace(",x,", ",1,")
    columns = lines[0].split(",")
    turned = [columns[0], *reversed(columns[1:-1]), columns[-1]]
    fields = dict(zip(columns, flag.replace('"CORUÑA, A"', "CORUÑA").split(","), strict=True))
    fix.write_text("\n".join([",".join(turned), ",".join(fields[name] for name in turned)]) + "\n")
    assert replay(settings, lake, [fix]).resolved == 1
    row = lake.read(CUSTOMERS).where("customer_id = 70021").collect()[0]
    assert (row.current_account, row.province) == (True, "CORUÑA")
    audit = Audit(settings)
    assert [difference for month in audit.run(audit.present) for difference in month.differences] == []
    erased = forget(settings, [70_001, 70_021], [fix])
    assert erased.complete, [*erased.left, *erased.traces]
    assert "70001" not in file.read_text()
    assert "70021" not in file.read_text() + fix.read_text()
    assert lake.read(CUSTOMERS).where("customer_id IN (70001, 70021)").count() == 0
    audit = Audit(settings)
    assert [difference for month in audit.run(audit.present) for difference in month.differences] == []
    assert lake.exists(QUARANTINE)


def test_a_file_whose_names_are_not_all_there_has_no_arrangement() -> None:
    names = (*SOURCE_HEADER,)
    assert Arrangement.of(names[1:]) is None
    assert Arrangement.of((*names, names[0])) is None
    assert Arrangement.of((*names[:-1], names[0])) is None
    assert Arrangement.of((*names[:23], "ind_ahor_fin_ult1")) is None
    corrections = Arrangement.of((ID_COLUMN, *reversed(names), REASON_COLUMN))
    assert corrections is not None
    assert (corrections.n_fields, corrections.places[0], corrections.is_usual) == (50, 48, False)
