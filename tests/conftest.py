"""What many tests share: one engine session per process, settings in a temporary folder, and a small bank.

``--engine spark`` runs the tests of the data steps, those that take a session, on Apache Spark instead of the embedded
engine: one engine per process, so it is a run of its own.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from pyspark.sql import SparkSession

from santander.config.settings import EMBEDDED, Settings
from santander.engine.session import open_session
from santander.lake.lake import Lake
from tests.needs import need_java

# no test depends on a time; examples are the same on every run
hypothesis.settings.register_profile("santander", deadline=None, derandomize=True)
hypothesis.settings.load_profile("santander")


MASTERS = {"sail": "sail", "spark": "local[2]"}

SHORT_LIVED_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Java of a test run spends half of its time compiling what is then called a few times over a few rows: compile it lightly."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=list(MASTERS), default="sail", help="the engine that the data steps run on")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["SANTANDER_MASTER"] = MASTERS[config.getoption("--engine")]
    os.environ.setdefault("SPARK_SUBMIT_OPTS", SHORT_LIVED_JVM)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--engine") == "sail":
        return
    chosen = [
        item for item in items if "session" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("embedded")
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


@pytest.fixture(scope="session")
def session() -> Iterator[SparkSession]:
    settings = Settings.load()
    if settings.master != EMBEDDED:
        need_java()
    with open_session(settings) as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(data_dir=str(tmp_path / "data"))


@pytest.fixture
def lake(settings: Settings, session: SparkSession) -> Lake:
    return Lake(settings, session)


@dataclass(frozen=True)
class Bank:
    """A generated bank that was ingested and whose features were built; tests read it and leave it as it is."""

    settings: Settings
    lake: Lake

    @property
    def raw(self) -> Path:
        return self.settings.data / "raw"


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory, session: SparkSession) -> Bank:
    from santander.pipeline.steps import Steps
    from santander.schema.catalogue import CUSTOMERS
    from santander.synthetic import BankSpec, generate

    settings = Settings.load(data_dir=str(tmp_path_factory.mktemp("bank")))
    generate(BankSpec(out=settings.data / "raw", customers=3_000, seed=5))
    steps = Steps(settings, session)
    steps.ingest([settings.data / "raw" / name for name in ("train_ver2.csv", "test_ver2.csv")])
    steps.build_features(steps.lake.months(CUSTOMERS), anyway=True)
    return Bank(settings, steps.lake)


@pytest.fixture(scope="session")
def scored_bank(bank: Bank) -> Bank:
    """The small bank after training, scoring and writing the submission, by the steps that ``run`` takes."""
    from santander.pipeline.steps import Steps
    from santander.schema.months import Month
    from santander.training.recipe import Recipe

    steps = Steps(bank.settings, bank.lake.session)
    target = Month(2016, 6)
    steps.train(None, Recipe.load("next_products").with_rounds(20), anyway=False)
    steps.score(target, anyway=False)
    steps.submit(target, anyway=False)
    return bank
