"""What many tests share: one engine session per process, settings in a temporary folder, and small banks.

``--engine spark`` runs the tests whose code meets a plan, those marked ``plan``, on Apache Spark instead of the embedded engine:
one engine per process, so it is a run of its own. ``--whole`` leaves nothing out: no sample is drawn (tests/sample.py), and
Apache Spark gets every test that takes a session, all but those marked ``embedded``. docs/testing.md says what runs when.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from pyspark.sql import SparkSession

from santander.config.settings import EMBEDDED, Settings
from santander.engine.session import open_session
from santander.lake.lake import Lake
from tests import banks, sample
from tests.environment import CONF_DIR, CONF_LOCAL
from tests.needs import need_java

# no test depends on a time; examples are the same on every run
hypothesis.settings.register_profile("santander", deadline=None, derandomize=True)
hypothesis.settings.load_profile("santander")


MASTERS = {"sail": "sail", "spark": "local[2]"}

SHORT_LIVED_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Java of a test run spends half of its time compiling what is then called a few times over a few rows: compile it lightly."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=list(MASTERS), default="sail", help="the engine that the data steps run on")
    parser.addoption("--whole", action="store_true", help="run what a push leaves to the night too")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["SANTANDER_MASTER"] = MASTERS[config.getoption("--engine")]
    os.environ.setdefault("SPARK_SUBMIT_OPTS", SHORT_LIVED_JVM)
    os.environ["COLUMNS"] = "120"  # as where no terminal is: lines must not break by the terminal of whoever runs the tests
    if not hasattr(config, "workerinput"):  # workers have the environment of the process that starts them
        os.environ.pop(CONF_DIR, None)
        os.environ[CONF_LOCAL] = empty = tempfile.mkdtemp(prefix="conf-local-")
        config.add_cleanup(lambda: shutil.rmtree(empty))
    if config.getoption("--whole"):
        os.environ[sample.WHOLE_VARIABLE] = "1"
    os.environ[sample.SEED_VARIABLE] = sample.seed()  # one for all workers, and for what tests start


def pytest_report_header() -> str:
    if sample.is_whole():
        return f"samples: none, everything runs (seed {sample.seed()})"
    return f"samples: seed {sample.seed()}; {sample.SEED_VARIABLE}={sample.seed()} draws them again, --whole runs everything"


@pytest.hookimpl(trylast=True)  # samples are drawn from what -m and -k leave
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    out: list[pytest.Item] = []
    if config.getoption("--engine") == "spark":
        out = [item for item in items if not runs_on_spark(item)]
    names_a_case = any("::" in word for word in config.args)
    if not (sample.is_whole() or names_a_case):
        out += sample.left_out([item for item in items if item not in out])
    gone = set(out)
    config.hook.pytest_deselected(items=out)
    long = {item.path for item in items if item.get_closest_marker("long")}
    items[:] = sorted((item for item in items if item not in gone), key=lambda item: item.path not in long)


def runs_on_spark(item: pytest.Item) -> bool:
    """Whether Apache Spark gets this test too: on a push when its code meets a plan, at night when it takes a session."""
    if item.get_closest_marker("plan"):
        return True
    takes_session = "session" in getattr(item, "fixturenames", ())
    return sample.is_whole() and takes_session and not item.get_closest_marker("embedded")


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    settings = Settings.load(data_dir=str(tmp_path_factory.mktemp("session")))  # what it spills lies with the tests
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
    settings = banks.own_bank(tmp_path_factory, banks.FEATURES)
    return Bank(settings, Lake(settings, session))


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The scored bank with its month published, offers and reasons in it; tests read it and leave it as it is."""
    return banks.own_bank(tmp_path_factory, banks.PUBLISHED)


@pytest.fixture(scope="session")
def scored_bank(tmp_path_factory: pytest.TempPathFactory, session: SparkSession) -> Bank:
    """The small bank after training, scoring and writing the submission, by the steps that ``run`` takes."""
    settings = banks.own_bank(tmp_path_factory, banks.SCORED)
    return Bank(settings, Lake(settings, session))
