"""A data folder filled with a synthetic bank: only files of that bank come in unasked, and no bank beside what is the user's."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.forget.forget import forget
from santander.ingest.synthetic_mark import FILE, SyntheticMark
from santander.lake.lake import Lake
from santander.pipeline.bank_of_folder import fill_with_bank, refuse_bank_beside_others
from santander.pipeline.landing_choice import landing_files
from santander.pipeline.status import look
from santander.pipeline.steps import Steps
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month
from santander.synthetic import BankSpec, generate
from santander.synthetic.spec import ORACLE
from tests.landing_files import landing_file, record

MARCH = Month(2016, 3)
pytestmark = pytest.mark.embedded


def spec(settings: Settings, **other: Any) -> BankSpec:
    asked = {"customers": 300, "first": MARCH, "last": Month(2016, 5), "seed": 3, "propensity": False} | other
    return BankSpec(out=settings.data / "raw", **asked)


def fill(settings: Settings, **other: Any) -> Path:
    fill_with_bank(settings, spec(settings, **other), lambda _month: None)
    return Path(settings.data_dir) / "raw"


def test_only_files_of_the_bank_come_in_unless_forced(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    raw = fill(settings, monthly=True)
    Steps(settings, session).ingest_new([raw / "train_ver2.csv", raw / "test_ver2.csv"])
    Steps(settings, session).ingest([raw / "monthly" / "2016-03.csv"])
    assert (look(settings).payload().synthetic, look(settings).files_of_others) == (True, [])

    before = Lake(settings).version(CUSTOMERS)
    own = landing_file(tmp_path / "own.csv", [record(i, "2016-06") for i in range(1, 50)])
    laid_over = raw / "train_ver2.csv"
    laid_over.write_bytes(own.read_bytes())
    for file in (own, laid_over):
        with pytest.raises(InputError, match=r"not a file of the bank in .* 300 customers .*--data-dir, .*--force"):
            Steps(settings, session).ingest_new([file])
    assert Lake(settings).version(CUSTOMERS) == before

    Steps(settings, session, force=True).ingest_new([own])
    assert (look(settings).payload().synthetic, look(settings).files_of_others) == (True, [str(own)])
    Steps(settings, session).ingest([own])  # what was let in once may come again


def test_files_of_a_bank_that_was_generated_elsewhere_are_anybodys(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    generate(BankSpec(out=tmp_path / "out", customers=300, first=MARCH, last=Month(2016, 5), propensity=False))
    Steps(settings, session).ingest([tmp_path / "out" / "train_ver2.csv"])
    Steps(settings, session).ingest([landing_file(tmp_path / "own.csv", [record(i, "2016-06") for i in range(1, 50)])])
    assert look(settings).payload().synthetic is False


def test_files_of_the_bank_stay_its_own_when_a_person_is_cut_out(settings: Settings, session: SparkSession) -> None:
    raw = fill(settings)
    someone = int((raw / "train_ver2.csv").read_text().splitlines()[1].split(",")[1])
    before = (raw / "train_ver2.csv").read_bytes()
    forget(settings, [someone], [])
    assert (raw / "train_ver2.csv").read_bytes() != before
    assert Steps(settings, session).ingest_new([raw / "train_ver2.csv"]).done
    assert look(settings).files_of_others == []


def test_a_bank_that_was_interrupted_is_made_by_the_same_command(settings: Settings) -> None:
    def stop(month: str) -> None:
        if month == "2016-04":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_with_bank(settings, spec(settings, propensity=True), stop)
    assert landing_files(settings, Lake(settings)) is None
    refuse_bank_beside_others(settings, spec(settings))
    raw = fill(settings)
    assert {*SyntheticMark.read(settings.data).files.values()} == {"train_ver2.csv", "test_ver2.csv"}  # type: ignore[union-attr]
    (raw / ORACLE).unlink()
    (raw / "train_ver2.csv").write_text("the user's")
    marked = (settings.data / FILE).read_text()
    with pytest.raises(InputError, match="not generated"):
        fill(settings, seed=4)
    assert (raw / "train_ver2.csv").read_text() == "the user's"
    assert (settings.data / FILE).read_text() == marked


def test_no_bank_is_put_beside_months_and_files_of_the_user_or_of_another_bank(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    raw = Path(settings.data_dir) / "raw"
    july = landing_file(tmp_path / "july.csv", [record(i, "2016-07") for i in range(1, 50)])
    raw.mkdir(parents=True)
    (raw / "july.csv").write_bytes(july.read_bytes())
    with pytest.raises(InputError, match=r"holds landing files that are not of a synthetic bank \(july.csv\).*--out"):
        refuse_bank_beside_others(settings, spec(settings))
    Steps(settings, session).ingest([raw / "july.csv"])
    with pytest.raises(InputError, match=r"holds months that are not of a synthetic bank \(2016-07\).*--force"):
        refuse_bank_beside_others(settings, spec(settings))

    marked = Settings.load(data_dir=str(tmp_path / "marked"))
    train = fill(marked) / "train_ver2.csv"
    refuse_bank_beside_others(marked, spec(marked, seed=4))  # nothing of the first was taken in yet
    Steps(marked, session).ingest([train])
    refuse_bank_beside_others(marked, spec(marked, monthly=True))
    with pytest.raises(InputError, match=r"300 customers \(2016-03 to 2016-05, seed 3\), and this is another bank"):
        refuse_bank_beside_others(marked, spec(marked, seed=4))


def test_a_file_of_that_name_that_is_no_mark_is_refused(settings: Settings) -> None:
    Path(settings.data_dir).mkdir()
    for content in ("[]", "{", json.dumps({"bank": 1, "files": {}})):
        (Path(settings.data_dir) / FILE).write_text(content)
        with pytest.raises(InputError, match=r"is not the mark of a synthetic bank .* remove it"):
            look(settings)
