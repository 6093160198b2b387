"""Versions in use that a correction has left behind are named with the months that were corrected."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.lake.lake import Lake
from santander.maintain.tables import maintain
from santander.pipeline.status import look
from santander.pipeline.steps import Steps
from santander.registry.old_rows import old_rows_line, on_old_rows
from santander.registry.versions import registered
from santander.schema.months import Month
from tests.conftest import Bank
from tests.landing_files import landing_file
from tests.own_bank import own_copy


@pytest.mark.embedded
def test_versions_in_use_are_named_with_the_months_that_were_replaced_since(
    scored_bank: Bank, session: SparkSession, tmp_path: Path
) -> None:
    settings = own_copy(scored_bank, tmp_path / "data")
    lines = (settings.data / "raw" / "train_ver2.csv").read_text().splitlines()
    steps = Steps(settings, session)

    def correct(month: str) -> None:
        of_month = [line for line in lines if line.startswith(f"{month}-28")]
        steps.ingest([landing_file(tmp_path / f"{month}.csv", [of_month[0][:-1] + "1", *of_month[1:]])])

    assert on_old_rows(settings, Lake(settings)) == {}
    maintain(settings, Lake(settings), dry_run=False, upgrade=False)  # compacted files hold the same rows
    correct("2015-07")  # in no fit month, and not in the five before one
    assert on_old_rows(settings, Lake(settings)) == {}
    for month in ("2016-04", "2015-06"):
        correct(month)
    expected = {max(registered(settings)): [Month(2015, 6), Month(2016, 4)]}
    assert on_old_rows(settings, Lake(settings)) == expected
    assert look(settings).payload().trained_on_old_rows == expected


def test_the_sentence_names_each_version_with_its_months() -> None:
    line = old_rows_line({3: [Month(2016, 4), Month(2016, 5), Month(2016, 6)], 4: [Month(2016, 6)]})
    assert line == "trained on rows that were replaced since: version 3 (2016-04 to 2016-06) and version 4 (2016-06)"
