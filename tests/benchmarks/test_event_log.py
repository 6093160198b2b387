"""Spark's event log, read after a small run of Apache Spark with a shuffle and Python workers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from event_log import Stages, read

from santander.engine.cluster.java import find_java_home, spark_home
from tests.needs import need_java
from tests.standalone_cluster import HOST

pytestmark = pytest.mark.engines

ROWS = """
import sys
from pyspark.sql import SparkSession, functions as F

builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", False).config("spark.sql.shuffle.partitions", 2)
builder = builder.config("spark.eventLog.enabled", True).config("spark.eventLog.dir", sys.argv[1])
session = builder.config("spark.eventLog.rolling.enabled", False).config("spark.eventLog.compress", False).getOrCreate()
rows = session.range(0, 20_000, numPartitions=3).mapInArrow(lambda batches: batches, "id long")
session.sparkContext.setJobDescription("counted by remainder")
rows.groupBy((F.col("id") % 1000).alias("rest")).count().collect()
session.sparkContext.setJobDescription(None)
session.range(5).toArrow()
session.stop()
"""


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stages]:
    need_java()
    log = tmp_path_factory.mktemp("log")
    program = log.with_name("counted.py")
    program.write_text(ROWS)
    environment = {**os.environ, "JAVA_HOME": str(find_java_home()), "SPARK_HOME": str(spark_home()), "SPARK_LOCAL_IP": HOST}
    environment |= {"PYSPARK_PYTHON": sys.executable, "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}
    done = subprocess.run(
        [sys.executable, str(program), log.as_uri()], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return {each.name: each for each in read(log)}


def test_stages_of_one_job_are_summed_by_its_description(stages: dict[str, Stages]) -> None:
    counted = stages["counted by remainder"]
    assert counted.stages == 2  # before the shuffle and after it
    assert counted.tasks >= 4
    assert counted.parallel
    assert counted.seconds > 0
    assert counted.jvm_processor_seconds > 0
    assert counted.python_seconds > 0
    assert counted.shuffle_bytes > 1000  # a thousand sums
    assert counted.spilled_bytes == 0


def test_a_stage_without_a_description_is_named_by_its_line_without_folders(stages: dict[str, Stages]) -> None:
    [named] = [name for name in stages if name.startswith("toArrow at ")]
    assert Path(named.removeprefix("toArrow at ").split(":")[0]).name == "counted.py"
    assert named.count("/") == 1
    assert stages[named].shuffle_bytes == 0
    assert stages[named].python_seconds == 0


def test_a_log_that_is_not_lines_of_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "application").write_bytes(b"\x28\xb5\x2f\xfd")
    with pytest.raises(ValueError, match="codec"):
        read(tmp_path)
