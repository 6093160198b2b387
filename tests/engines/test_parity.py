"""One small bank with dirt, walked by ``run`` on Sail, on local Spark and on a standalone cluster: all leave the same.

Each engine runs in processes of its own, started by spark-submit.sh, with a data folder of its own; what they left is
compared afterwards without any engine. The cluster's workers lie in another folder, with a Python that lacks our packages.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pyarrow.parquet as pq
import pytest
import yaml

from santander.compare.comparison import FolderComparison, Verdict
from santander.compare.folders import compare_folders
from santander.compare.report import lines
from santander.compare.rows import compare_rows
from santander.config.conf_files import conf_dir
from santander.config.settings import Settings
from santander.ingest.reading import LINES
from santander.lake.lake import Lake
from santander.lake.staging import OF_FEATURES, OF_INGEST
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, QUARANTINE
from santander.schema.months import Month
from santander.synthetic import BankSpec, generate
from tests.engines.sampled import drawn_as
from tests.needs import need_java
from tests.standalone_cluster import HOST, StandaloneCluster, standalone_cluster

pytestmark = [pytest.mark.engines, pytest.mark.timeout(1200)]

CHECKOUT = Path(__file__).parents[2]
SHARED_MODEL = CHECKOUT / "tests" / "engines" / "shared_model.py"
FIRST_MONTH = Month(2016, 1)
SMALL_PROFILE = """\
spark.driver.memory 1g
spark.executor.memory 1g
spark.sql.shuffle.partitions 2
spark.databricks.delta.snapshotPartitions 1
spark.ui.enabled false
# most of a short job is compiling: the quick compiler does
spark.executor.extraJavaOptions -XX:TieredStopAtLevel=1
"""
OF_ENGINES = ("SANTANDER_", "MLFLOW_", "SPARK_", "PYSPARK_")


@dataclass(frozen=True)
class World:
    """A folder with a bank's landing files, settings for few commits and few rounds, and a data folder for each engine."""

    folder: Path
    landing: tuple[Path, ...]

    def data(self, name: str) -> Path:
        return self.folder / name

    def settings(self, name: str) -> Settings:
        return Settings.load(data_dir=str(self.data(name)))

    def environment(self, master: str, **more: str) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(OF_ENGINES) or name == "SANTANDER_CACHE_DIR"
        }
        return kept | {
            "PYTHON": sys.executable,
            "PYTHONPATH": str(CHECKOUT),
            "SPARK_LOCAL_IP": HOST,
            "SANTANDER_CONF_DIR": str(self.folder / "conf"),
            "SANTANDER_SPARK__PROFILE": "small",
            "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1",
            "SANTANDER_MASTER": master,
            **more,
        }

    def submit(self, master: str, name: str, job: Path | str, *words: object, **more: str) -> None:
        """Run one job to its end; it must end well."""
        command = [CHECKOUT / "spark-submit.sh", job, *words, "--data-dir", self.data(name)]
        done = subprocess.run(
            [*map(str, command)], env=self.environment(master, **more), capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]

    def walk(self, master: str, name: str) -> None:
        """``run``, then score, submit, put online and retrieve with the model that ``run`` on Sail registered."""
        self.submit(master, name, "jobs/run.py", *self.landing)
        registry = f"sqlite:///{self.data('sail') / 'state' / 'mlflow.db'}"
        self.submit(master, name, SHARED_MODEL, SANTANDER_MLFLOW__TRACKING_URI=registry)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    need_java()
    folder = tmp_path_factory.mktemp("world")
    shutil.copytree(conf_dir() / "base", folder / "conf" / "base")
    recipes = folder / "conf" / "local" / "recipes"
    recipes.mkdir(parents=True)
    recipe = yaml.safe_load((conf_dir() / "base" / "recipes" / "next_products.yaml").read_text())
    recipe["settings"] |= {"rounds": 6, "min_additions": 5}
    (recipes / "next_products.yaml").write_text(yaml.safe_dump(recipe))
    settings = {"features": {"months_per_commit": 4}}
    (folder / "conf" / "local" / "commits.yaml").write_text(yaml.safe_dump(settings))
    profile = folder / "conf" / "local" / "spark" / "small.conf"
    profile.parent.mkdir()
    profile.write_text(SMALL_PROFILE)
    shutil.copy(conf_dir() / "base" / "spark" / "log4j2.properties", profile.parent)
    raw = folder / "raw"
    generate(BankSpec(out=raw, customers=2_000, first=FIRST_MONTH, seed=5, propensity=False, dirty_share=0.005))
    return World(folder, (raw / "train_ver2.csv", raw / "test_ver2.csv"))


@pytest.fixture(scope="module")
def on_sail(world: World) -> Settings:
    world.walk("sail", "sail")
    return world.settings("sail")


@pytest.fixture(scope="module")
def cluster(world: World) -> Iterator[StandaloneCluster]:
    with standalone_cluster(world.folder / "cluster", workers=2) as running:
        yield running


@pytest.fixture(scope="module", params=["local", pytest.param("cluster", marks=drawn_as("both engines on a cluster"))])
def on_spark(request: pytest.FixtureRequest, world: World, on_sail: Settings) -> Settings:
    master = "local[2]" if request.param == "local" else request.getfixturevalue("cluster").url
    world.walk(master, request.param)
    return world.settings(request.param)


def told(comparison: FolderComparison) -> str:
    return "\n".join(lines(comparison))


def test_spark_leaves_the_tables_that_sail_leaves(on_sail: Settings, on_spark: Settings) -> None:
    comparison = compare_folders(on_sail, on_spark)
    verdicts = {table.name: table.verdict for table in comparison.tables}
    assert verdicts.pop("predictions") is Verdict.EMPTY  # nobody asks a service here
    assert verdicts == dict.fromkeys(
        [
            "customers",
            "quarantine",
            "ingestions",
            "features",
            "additions",
            "online_features",
            "recommendations",
            "expected_additions",
            "month_profiles",
            "offers",
            "offer_exclusions",
            "submissions",
        ],
        Verdict.EQUAL,
    ), told(comparison)
    for table in (each for each in comparison.tables if each.name in verdicts):
        compared = [part.difference.rows_here for part in table.parts if part.difference]
        assert compared, table.name
        assert min(compared) > 0, table.name
    scopes = {row["scope"] for row in Lake(on_sail).rows(QUARANTINE)}
    assert scopes == {"row", "value"}, "the bank has too little dirt to show anything"


def test_spark_and_sail_retrieve_the_same_rows_from_the_feature_store(on_sail: Settings, on_spark: Settings) -> None:
    here, there = (pq.read_table(Path(settings.data_dir) / "retrieved.parquet") for settings in (on_sail, on_spark))
    assert here.num_rows > 5_000
    assert here["added"].null_count == 0
    found = compare_rows(here, there, ["customer_id", "snapshot_date"])
    assert found.equal, found


def test_models_trained_on_either_engine_were_judged_on_the_same_month(on_sail: Settings, on_spark: Settings) -> None:
    """How far apart they may be is measured at a useful size (docs/scaling.md); here it is 1,900 customers and 6 rounds."""
    (figures,) = compare_folders(on_sail, on_spark).training
    assert figures.here > 0
    assert figures.there > 0


def lose_a_worker(
    world: World, cluster: StandaloneCluster, name: str, job: list[object], begun: Callable[[], bool], **environment: str
) -> None:
    """Start a job on two workers, kill one of them with its executors once ``begun``, and see the job end well."""
    victim = len(cluster.workers) - 1
    with (world.folder / f"{name}.log").open("w+") as log:
        running = subprocess.Popen(
            [*map(str, [CHECKOUT / "spark-submit.sh", *job, "--data-dir", world.data(name)])],
            env=world.environment(cluster.url, **environment), stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            while not begun():
                assert running.poll() is None, f"ended before a worker could be killed: {_said(log)}"
                time.sleep(0.05)
            assert cluster.executors_on(victim), "the worker took no part"
            cluster.kill_worker(victim)
            assert running.poll() is None, "ended before the worker was killed"
            code = running.wait(timeout=600)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, 9)
                running.wait()
        assert code == 0, _said(log)
        assert "Lost executor" in _said(log)
    assert len(cluster.alive_workers()) == 1


def _said(log: TextIO) -> str:
    return Path(log.name).read_text()


@pytest.fixture
def two_workers(cluster: StandaloneCluster) -> Iterator[StandaloneCluster]:
    yield cluster
    cluster.start_worker()
    cluster.wait_for_workers(2)


@drawn_as("an ingest that loses a worker")
def test_an_ingest_that_loses_a_worker_leaves_the_same(world: World, on_sail: Settings, two_workers: StandaloneCluster) -> None:
    waiting = Lake(world.settings("ingest-with-a-loss")).place / OF_INGEST.folder
    lose_a_worker(
        world, two_workers, "ingest-with-a-loss", ["jobs/ingest.py", *world.landing],
        lambda: any(Path(str(waiting)).glob(f"*/{LINES}/*")),  # a worker writes what it says of its lines
    )  # fmt: skip
    assert verdicts(compare_folders(on_sail, world.settings("ingest-with-a-loss")), "customers", "quarantine", "ingestions") == {
        Verdict.EQUAL
    }


@drawn_as("features that lose a worker")
def test_features_that_lose_a_worker_are_the_same(world: World, on_sail: Settings, two_workers: StandaloneCluster) -> None:
    shutil.copytree(on_sail.data_dir, world.data("features-with-a-loss"), ignore=shutil.ignore_patterns("features", "state"))
    lake = Lake(world.settings("features-with-a-loss"))
    lose_a_worker(
        world, two_workers, "features-with-a-loss", ["jobs/features.py"],
        lambda: lake.exists(FEATURES_TABLE) and len(lake.months(FEATURES_TABLE)) > 0,
    )  # fmt: skip
    assert verdicts(compare_folders(on_sail, world.settings("features-with-a-loss")), "customers", "features") == {Verdict.EQUAL}


@drawn_as("a month of features that loses a worker")
def test_a_month_whose_features_lose_a_worker_half_way_is_finished(
    world: World, on_sail: Settings, two_workers: StandaloneCluster
) -> None:
    name, month = "a-month-with-a-loss", FIRST_MONTH + 4
    shutil.copytree(on_sail.data_dir, world.data(name), ignore=shutil.ignore_patterns("state"))
    lake = Lake(world.settings(name))
    for file in lake.files_by_month(CUSTOMERS)[month]:
        pq.write_table(pq.ParquetFile(str(file)).read(), str(file), row_group_size=50)  # so that many tasks can share the month
    before = lake.files_by_month(FEATURES_TABLE)[month]
    lose_a_worker(
        world, two_workers, name, ["jobs/features.py", "--month", month],
        lambda: any(Path(str(lake.place)).glob(f"{OF_FEATURES.folder}/*/*/*.parquet")),  # a task has written its rows
        SANTANDER_FEATURES__ROWS_PER_TASK="50",
    )  # fmt: skip
    written = lake.files_by_month(FEATURES_TABLE)[month]
    assert len(written) > 20
    assert not {*written} & {*before}
    here, there = (Lake(settings).delta(FEATURES_TABLE).to_pyarrow_table() for settings in (on_sail, world.settings(name)))
    found = compare_rows(here, there, ["customer_id", "snapshot_date"])
    assert found.equal, found
    assert not Path(str(lake.place), OF_FEATURES.folder).exists()


def verdicts(comparison: FolderComparison, *names: str) -> set[Verdict]:
    return {table.verdict for table in comparison.tables if table.name in names}
