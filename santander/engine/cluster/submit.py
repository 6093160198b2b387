"""What spark-submit is told for a job: master, profile, jars, and what the workers import.

The driver is the Python process of the job, the command, the notebook or the test, and Spark is started beside it by
Spark's own spark-submit with these arguments (``engine/session.py``). spark-submit could start the job's Python in its turn, but
then mixes what the job logs into its standard output (docs/adr/0007).
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from santander.config.settings import Settings
from santander.engine.cluster.jars import jar_files
from santander.engine.cluster.java import find_java_home, spark_home
from santander.engine.cluster.shipping import PACKAGE_AS, PACKED_AS, environment_archive, package_archive
from santander.errors import InputError
from santander.logs.terminal import shows_progress
from santander.storage.spelling import plain_path

_PROFILES = {"local": "laptop", "spark": "standalone", "yarn": "yarn", "k8s": "k8s"}
_DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # tasks hand their rows over before the write, so that a month is a few files and not one for each task
    "spark.databricks.delta.optimizeWrite.enabled": "true",
}


def arguments(settings: Settings) -> list[str]:
    """The arguments of spark-submit, the application left out. Fetches jars and packs libraries the first time.

    Raises InputError for an unknown master or profile, SantanderError when jars, Java or the wheel cannot be had.
    """
    conf = {
        **_DELTA,
        "spark.ui.showConsoleProgress": str(shows_progress()).lower(),
    }
    jars = ["delta"]
    if settings.in_bucket:
        from santander.engine.cluster import s3a

        jars.append("s3a")
        conf |= s3a.settings(os.environ)
    options = ["--master", settings.master, "--properties-file", str(profile_file(settings))]
    if (logging_file := profile_file(settings).with_name("log4j2.properties")).is_file():
        options += ["--driver-java-options", f"-Dlog4j2.configurationFile={logging_file.as_uri()}"]
    options += ["--jars", ",".join(map(_plain, jar_files(jars)))]
    if _ships(settings):
        # not by --py-files, which the driver would import from too: its package has settings and files beside it
        options += ["--archives", f"{_plain(environment_archive())}#{PACKED_AS},{_plain(package_archive())}#{PACKAGE_AS}"]
    return [*options, *_each("--conf", conf)]


def environment(settings: Settings) -> dict[str, str]:
    """The variables that Spark is started with: where it and Java lie, and the Python of the driver and of the workers."""
    return {
        "JAVA_HOME": str(find_java_home()),
        "SPARK_HOME": str(plain_path(spark_home())),
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYSPARK_PYTHON": f"./{PACKED_AS}/bin/python" if _ships(settings) else sys.executable,
    }


def _plain(file: Path) -> str:
    """A file under its own name in a folder of plain characters: a comma ends a path in a list, ``#`` renames an archive."""
    return str(plain_path(file.parent) / file.name)


def _ships(settings: Settings) -> bool:
    return not is_local(settings.master) and settings.spark.environment == "shipped"


def is_local(master: str) -> bool:
    """Whether Spark runs inside the driver's process: ``local`` and ``local[n]``."""
    return master == "local" or master.startswith("local[")


def profile_file(settings: Settings) -> Path:
    """The properties of the named profile, or of the one that fits the master; conf/local goes before conf/base."""
    from santander.config.conf_files import conf_layers

    kind = master_kind(settings.master)
    name = settings.spark.profile or _PROFILES[kind]
    for layer in conf_layers():
        if (file := layer / "spark" / f"{name}.conf").is_file():
            return file
    raise InputError(
        f"there is no Spark profile '{name}': no file {name}.conf in conf/base/spark or conf/local/spark",
        example=name,
        hint="choose another by SANTANDER_SPARK__PROFILE, or make that file",
    )


def master_kind(master: str) -> str:
    """Which of the cluster managers a master names: local, spark, yarn or k8s. Raises InputError for another text."""
    kind = re.split(r"[:\[]", master, maxsplit=1)[0].removesuffix("-cluster")
    if kind not in _PROFILES:
        raise InputError(
            f"unknown master '{master}'",
            example=master,
            hint="use sail, local[*], local[2], spark://host:7077, yarn or k8s://https://host:6443",
        )
    return kind


def _each(option: str, values: dict[str, str]) -> Iterator[str]:
    for name, value in values.items():
        yield from (option, f"{name}={value}")
