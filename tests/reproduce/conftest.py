"""A trained bank of its own whose tables have moved on since: a month was corrected and the features made anew."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.reproduce.logged_run import LoggedRun, logged_run
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.months import Month
from tests.conftest import Bank
from tests.own_bank import own_copy

CORRECTED = Month(2016, 4)
"""A month of every fit."""
TRAINED = 2
"""The version that the first training registers after its baseline."""


@dataclass(frozen=True)
class MovedOn:
    """The bank as it is now, and the run that was trained before."""

    settings: Settings
    lake: Lake
    run: LoggedRun


@pytest.fixture(scope="module")
def moved_on(scored_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> MovedOn:
    settings = own_copy(scored_bank, tmp_path_factory.mktemp("moved_on") / "data")
    steps = Steps(settings, scored_bank.lake.session)
    steps.ingest([corrected(settings)])
    steps.build_features([CORRECTED, CORRECTED + 1, CORRECTED + 2], anyway=True)
    run = logged_run(settings, None, TRAINED)
    assert steps.lake.version(CUSTOMERS) != run.tables[CUSTOMERS]
    assert steps.lake.version(FEATURES_TABLE) != run.tables[FEATURES_TABLE]
    return MovedOn(settings, steps.lake, run)


def corrected(settings: Settings) -> Path:
    """The landing lines of a month with every direct debit (the last field) the other way round."""
    header, *lines = (Path(settings.data_dir) / "raw" / "train_ver2.csv").read_text(encoding="utf-8").splitlines()
    of_month = [line for line in lines if line.startswith(f"{CORRECTED}-")]
    flipped = [line[:-1] + {"0": "1", "1": "0"}.get(line[-1], line[-1]) for line in of_month]
    file = Path(settings.data_dir) / "corrected.csv"
    file.write_text("\n".join([header, *flipped]) + "\n", encoding="utf-8")
    return file
