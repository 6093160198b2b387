"""What a verb imports before it is told what to do: the seconds that everybody waits for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Bank
from tests.own_bank import own_copy

HEAVY = {
    "deltalake", "feast", "great_expectations", "mlflow", "numpy", "optuna", "pandas", "polars", "pyarrow", "pysail", "pyspark",
    "rich", "scipy", "sklearn", "sqlalchemy", "xgboost",
}  # fmt: skip
NOT_TO_LOOK = {"feast", "great_expectations", "mlflow", "pandas", "polars", "pyarrow.dataset", "pysail", "pyspark", "scipy",
               "sklearn", "sqlalchemy", "xgboost"}  # fmt: skip
"""What shows a state, or finds that there is nothing to do, needs the logs of the tables and the registry's file."""

_THEN_LIST = """
import json, os, sys
from santander.cli import app as cli
sys.argv[0] = "santander"
try:
    cli.main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def imported_by(*words: object) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _THEN_LIST, *map(str, words)], capture_output=True, text=True, timeout=240, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("score", "--help")])
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    assert not imported_by(*words) & HEAVY


def test_status_imports_no_engine_and_no_registry(scored_bank: Bank) -> None:
    found = imported_by("status", "--data-dir", scored_bank.settings.data)
    assert "deltalake" in found
    assert not found & NOT_TO_LOOK


@pytest.mark.embedded
def test_features_need_no_engine(scored_bank: Bank, tmp_path: Path) -> None:
    settings = own_copy(scored_bank, tmp_path / "data")
    found = imported_by("features", "--month", "2016-06", "--data-dir", settings.data)
    assert "pyarrow.parquet" in found
    assert not found & (NOT_TO_LOOK - {"pandas"})  # which Arrow imports to look at a numpy array


def test_run_on_what_did_not_change_starts_no_engine(scored_bank: Bank, tmp_path: Path) -> None:
    settings = own_copy(scored_bank, tmp_path / "data")
    words = ("run", "--no-train", "--month", "2016-06", "--data-dir", settings.data)
    assert "pyspark" in imported_by(*words)  # its months were never validated, and both engines are spoken to through it
    found = imported_by(*words)
    assert "deltalake" in found
    assert not found & NOT_TO_LOOK
