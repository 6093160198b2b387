"""The banks that many tests read, each made once for all workers of a test run, always by the embedded engine.

    python -m tests.banks NAME FOLDER

makes one, in a process of its own: one that runs Apache Spark has no room for a second engine.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from santander.config.settings import EMBEDDED, Settings
from santander.engine.session import open_session
from santander.offers.objecting import record_objections
from santander.pipeline.steps import Steps
from santander.relocation.settle import remember, settle
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.months import Month
from santander.serving.snapshot.publish import publish
from santander.synthetic import BankSpec, generate
from santander.training.recipe import Recipe
from tests.environment import without_settings

CHECKOUT = Path(__file__).parents[1]
FEATURES, SCORED = "features", "scored"
"""A bank that was ingested and whose features were built; the same after training, scoring and writing the submission."""
PUBLISHED = "published"
"""The scored bank with reasons in its offers, after some customers objected to marketing, as it was published then."""
WHO_OBJECT = 3
"""How many: the first of the month, in order."""
TARGET = Month(2016, 6)
OF_THE_USER = ("MLFLOW_", "SPARK_", "PYSPARK_")


def shared(factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all workers of a test run share."""
    base = factory.getbasetemp()
    # by the folder's name too: a test may start a pytest of its own, which has the variable and is no worker
    return base.parent if base.name == f"popen-{os.environ.get('PYTEST_XDIST_WORKER')}" else base


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of this name, made by the first worker that asks; the others wait for it and only read."""
    folder = shared(factory) / "made-once" / name
    folder.parent.mkdir(exist_ok=True)
    done = folder.with_suffix(".done")
    with FileLock(folder.with_suffix(".lock")):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # what another worker could not finish
            make(folder)
            done.touch()
    return folder


def own_bank(factory: pytest.TempPathFactory, name: str) -> Settings:
    """Return a copy for this worker alone of the bank of this name; what a test leaves there reaches no other worker."""
    made = made_once(factory, name, lambda folder: _make_beside(factory, name, folder))
    return copied(made, factory.mktemp(name) / "data")


def copied(made: Path, to: Path) -> Settings:
    """Return settings of a copy of a data folder in which nothing points back to the original."""
    shutil.copytree(made, to)
    settings = Settings.load(data_dir=str(to))
    settle(settings)
    return settings


def _make_beside(factory: pytest.TempPathFactory, name: str, folder: Path) -> None:
    """Make a bank in a process of its own."""
    if (before := {SCORED: FEATURES, PUBLISHED: SCORED}.get(name)) is not None:
        copied(made_once(factory, before, lambda of: _make_beside(factory, before, of)), folder)
    environment = without_settings(*OF_THE_USER) | {"SANTANDER_MASTER": EMBEDDED}
    subprocess.run([sys.executable, "-m", "tests.banks", name, folder], cwd=CHECKOUT, env=environment, check=True)


def _make(name: str, folder: Path) -> None:
    settings = Settings.load(data_dir=str(folder), **({"reasons": {"in_offers": True}} if name == PUBLISHED else {}))
    with open_session(settings) as session:
        steps = Steps(settings, session)
        if name == FEATURES:
            generate(BankSpec(out=folder / "raw", customers=3_000, seed=5))
            steps.ingest([folder / "raw" / file for file in ("train_ver2.csv", "test_ver2.csv")])
            steps.build_features(steps.lake.months(CUSTOMERS), anyway=True)
        elif name == PUBLISHED:
            steps.score(TARGET, anyway=False)
            month = [(PARTITION, "=", TARGET.snapshot)]
            there = steps.lake.delta(CUSTOMERS).to_pyarrow_table(filters=month, columns=["customer_id"])
            record_objections(settings, sorted(there["customer_id"].to_pylist())[:WHO_OBJECT], withdraw=False)
            publish(settings, TARGET)
        else:
            target = TARGET
            steps.train(None, Recipe.load("next_products").with_rounds(20), anyway=False)
            steps.score(target, anyway=False)
            steps.submit(target, anyway=False)
    remember(settings)


if __name__ == "__main__":
    _make(sys.argv[1], Path(sys.argv[2]))
