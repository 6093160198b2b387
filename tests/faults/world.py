"""The small world that is attacked: two deliveries of the same months, and the folders that an undisturbed life leaves.

``first`` is the data folder after ``run`` of the first delivery. ``ingested``, ``built`` and ``scored`` follow when the
corrected delivery is ingested, its features built and its last month scored, with nothing in the way. So a verb that is
disturbed has, for every month of every table, one old and one new content, and nothing else is whole.
"""

import itertools
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from santander.config.conf_files import conf_dir
from santander.config.settings import Settings
from santander.schema.months import Month
from santander.synthetic import BankSpec, generate
from tests.faults.landmarks import Landmark, Landmarks
from tests.faults.processes import LONGEST_SECONDS, Ended, Running

MASTERS = {"sail": "sail", "spark": "local[2]"}
FIRST_MONTH = Month(2016, 1)
SPARK_TAKES = 4
"""Times as long as the embedded engine, roughly, on so little data."""
BEFORE = {"ingest": "first", "features": "ingested", "score": "built"}
AFTER = {"ingest": "ingested", "features": "built", "score": "scored"}
_PROFILE = """\
spark.driver.memory 1g
spark.sql.shuffle.partitions 2
spark.databricks.delta.snapshotPartitions 1
spark.ui.enabled false
"""
_OF_ENGINES = ("SANTANDER_", "MLFLOW_", "SPARK_", "PYSPARK_")


@dataclass
class World:
    """Everything lies below one folder; a disturbed run gets a copy of a data folder of its own."""

    folder: Path
    timelines: dict[str, list[Landmark]] = field(default_factory=dict)
    """When an undisturbed run reached what, by verb."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def make(cls, folder: Path) -> "World":
        made = cls(folder)
        _configure(folder / "conf")
        for delivery, customers, seed in (("one", 1_500, 5), ("two", 1_600, 6)):
            out = folder / delivery
            generate(BankSpec(out, customers, first=FIRST_MONTH, seed=seed, propensity=False, monthly=True, dirty_share=0.005))
        made.run("sail", "run", *made.landing("one"), data=made.data("first")).check_done()
        for verb, before in BEFORE.items():
            shutil.copytree(made.data(before), made.data(AFTER[verb]))
            made.undisturbed(verb, made.data(AFTER[verb]))
        return made

    def data(self, name: str) -> Path:
        return self.folder / name

    def landing(self, delivery: str) -> list[Path]:
        return [self.folder / delivery / name for name in ("train_ver2.csv", "test_ver2.csv")]

    def month_of(self, delivery: str, month: str) -> Path:
        """The landing file of one month of a delivery."""
        return self.folder / delivery / "monthly" / f"{month}.csv"

    def settings(self, data: Path) -> Settings:
        return Settings.load(data_dir=str(data))

    def words(self, verb: str, delivery: str = "two") -> list[object]:
        """The verb as this world does it: its deliveries are of different customers, so that one has to replace the other."""
        options = ["--replace"] if verb == "ingest" else []
        return [verb, *options, *(self.landing(delivery) if verb in {"ingest", "run"} else [])]

    def copy_of(self, name: str, to: Path | None = None) -> Path:
        """A copy of a data folder; models stay where the original has them and are only read."""
        copy = (to or self.folder / "copies") / f"{name}-{next(self._numbers)}"
        shutil.copytree(self.data(name), copy)
        return copy

    def start(self, engine: str, *words: object, data: Path, **environment: str) -> Running:
        return Running(
            [*words, "--data-dir", data], self._environment() | {"SANTANDER_MASTER": MASTERS[engine]} | environment,
            self.folder / "logs",
        )  # fmt: skip

    def run(self, engine: str, *words: object, data: Path, **environment: str) -> Ended:
        return self.start(engine, *words, data=data, **environment).wait()

    def undisturbed(self, verb: str, data: Path, known_as: str | None = None) -> None:
        """Run a verb on the embedded engine to its end and note when it reached what."""
        landmarks = Landmarks(data)
        running = self.start("sail", *self.words(verb), data=data)
        timeline = landmarks.follow(running)
        running.wait().check_done()
        self.timelines[known_as or verb] = timeline

    def timeline(self, engine: str, verb: str) -> list[Landmark]:
        """When the verb reaches what; that of Spark is the embedded engine's, stretched, as a run to measure it takes long."""
        known = self.timelines[verb]
        return known if engine == "sail" else [Landmark(mark.name, mark.seconds * SPARK_TAKES) for mark in known]

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(_OF_ENGINES) or name == "SANTANDER_CACHE_DIR"
        }
        return kept | {
            "PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SANTANDER_CONF_DIR": str(self.folder / "conf"),
            "SANTANDER_SPARK__PROFILE": "small",
            "SANTANDER_LOCKS__WAIT": str(LONGEST_SECONDS),  # who waits for a lock gets it, however slow the machine
            "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1",
        }


def _configure(conf: Path) -> None:
    """Few rounds for the model, few months a commit, so that a short run has many places to be killed in."""
    shutil.copytree(conf_dir() / "base", conf / "base")
    local = conf / "local"
    (local / "recipes").mkdir(parents=True)
    (local / "spark").mkdir()
    recipe = yaml.safe_load((conf / "base" / "recipes" / "next_products.yaml").read_text())
    recipe["settings"] |= {"rounds": 6, "min_additions": 5}
    (local / "recipes" / "next_products.yaml").write_text(yaml.safe_dump(recipe))
    commits = {"features": {"months_per_commit": 2}}
    (local / "commits.yaml").write_text(yaml.safe_dump(commits))
    (local / "spark" / "small.conf").write_text(_PROFILE)
    shutil.copy(conf / "base" / "spark" / "log4j2.properties", local / "spark")
