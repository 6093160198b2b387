"""What comes next in the data folder of a bank: from its mark alone, gone files again, and nothing beside what is others'."""

import json
import re
import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.ingest.synthetic_mark import FILE, SyntheticMark
from santander.pipeline.bank_of_folder import ContinuedBank, fill_with_bank
from santander.pipeline.landing_choice import files_of_the_user
from santander.pipeline.status import look
from santander.pipeline.steps import Steps
from santander.schema.months import Month
from santander.synthetic import BankSpec, generate

pytestmark = pytest.mark.embedded


def raw_of(settings: Settings) -> Path:
    return Path(settings.data_dir) / "raw"


@pytest.fixture
def raw(settings: Settings) -> Path:
    spec = BankSpec(out=settings.data / "raw", customers=300, first=Month(2016, 3), last=Month(2016, 5), seed=3)
    fill_with_bank(settings, spec, lambda _month: None)
    return raw_of(settings)


def go_on(settings: Settings) -> list[str]:
    report = ContinuedBank.of(settings).write(lambda _month: None)
    return [file.name for file in report.files]


def test_each_call_gives_the_month_after(settings: Settings, raw: Path) -> None:
    assert go_on(settings) == ["train_2016-05.csv", "test_2016-06.csv"]
    assert go_on(settings) == ["train_2016-06.csv", "test_2016-07.csv"]
    mark = SyntheticMark.read(settings.data)
    assert mark is not None
    assert "2016-03 to 2016-07" in str(mark)
    assert set(mark.files.values()) == {
        "train_ver2.csv",
        "test_ver2.csv",
        *("train_2016-05.csv", "test_2016-06.csv", "train_2016-06.csv", "test_2016-07.csv"),
    }
    assert {path.stem for path in (raw / "propensity").iterdir()} == {"2016-04", "2016-05", "2016-06", "2016-07"}


def test_a_file_that_is_gone_is_written_again_with_the_same_bytes_until_it_was_taken_in(
    settings: Settings, session: SparkSession, raw: Path
) -> None:
    go_on(settings)
    before = {name: (raw / name).read_bytes() for name in ("train_2016-05.csv", "test_2016-06.csv")}
    for gone in (["test_2016-06.csv"], list(before)):
        for name in gone:
            (raw / name).unlink()
        assert go_on(settings) == gone
        assert {name: (raw / name).read_bytes() for name in before} == before

    Steps(settings, session).ingest_new([raw / "train_ver2.csv", *(raw / name for name in before)])
    assert look(settings).files_of_others == []
    (raw / "train_2016-05.csv").unlink()
    assert go_on(settings) == ["train_2016-06.csv", "test_2016-07.csv"]


def test_all_later_files_that_no_table_has_are_to_be_taken_in(settings: Settings, session: SparkSession, raw: Path) -> None:
    go_on(settings)
    later = ["train_2016-05.csv", "train_2016-06.csv", "test_2016-07.csv"]
    assert [file.name for file in ContinuedBank.of(settings).not_taken] == later
    (raw / "test_2016-06.csv").unlink()
    assert [file.name for file in ContinuedBank.of(settings).not_taken] == ["train_2016-05.csv", "test_2016-06.csv"]
    go_on(settings)
    Steps(settings, session).ingest_new([raw / "train_ver2.csv", raw / "train_2016-05.csv", raw / "test_2016-06.csv"])
    assert [file.name for file in ContinuedBank.of(settings).not_taken] == later[1:]


def test_a_stop_before_the_files_appear_is_made_good_by_the_same_command(settings: Settings, raw: Path) -> None:
    def stop(month: str) -> None:
        if month == "2016-06":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ContinuedBank.of(settings).write(stop)
    assert not list(raw.glob("*_2016-*.csv"))
    assert go_on(settings) == ["train_2016-05.csv", "test_2016-06.csv"]


def test_a_correction_made_in_place_stays_and_the_next_month_comes(settings: Settings, raw: Path) -> None:
    go_on(settings)
    corrected = raw / "train_2016-05.csv"
    corrected.write_text(corrected.read_text().replace(",ES,", ",PT,", 1))
    kept = corrected.read_bytes()
    assert go_on(settings) == ["train_2016-06.csv", "test_2016-07.csv"]
    assert corrected.read_bytes() == kept


def test_landing_files_that_are_gone_are_no_hindrance_and_others_are(settings: Settings, raw: Path) -> None:
    (raw / "train_ver2.csv").unlink()
    go_on(settings)
    (raw / "test_ver2.csv").write_text("the real one")
    with pytest.raises(InputError, match=r"test_ver2\.csv is not of a synthetic bank of 300 customers .* move that file away"):
        go_on(settings)


def test_a_folder_without_a_synthetic_bank_is_refused(settings: Settings, tmp_path: Path) -> None:
    nothing = f"{settings.data} has no synthetic bank to continue"
    remedy = "'santander run --data-dir NEW' makes one"
    with pytest.raises(InputError, match=f"^{re.escape(f'{nothing}: {remedy}')}$"):
        ContinuedBank.of(settings)
    generate(BankSpec(out=tmp_path / "elsewhere", customers=300, last=Month(2015, 3)))
    raw_of(settings).mkdir(parents=True, exist_ok=True)
    shutil.copy(tmp_path / "elsewhere" / "train_ver2.csv", raw_of(settings) / "mine.csv")
    with pytest.raises(InputError, match=f"^{re.escape(f'{nothing}, what is there is not synthetic: {remedy}')}$"):
        ContinuedBank.of(settings)
    assert files_of_the_user(settings) == ["mine.csv"]


@pytest.mark.parametrize(
    ("bank", "message"),
    [({"customers": 300}, "does not say which bank"), ({"generator_version": 1}, "made by version 1 of the generator")],
)
def test_a_mark_of_another_generator_is_refused(settings: Settings, raw: Path, bank: dict[str, int], message: str) -> None:
    mark = Path(settings.data_dir) / FILE
    content = json.loads(mark.read_text())
    mark.write_text(json.dumps(content | {"bank": bank}))
    with pytest.raises(InputError, match=message):
        go_on(settings)
    assert not list(raw.glob("*_2016-*.csv"))
