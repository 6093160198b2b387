"""Compiling the one Scala file of a set of jars, by the compiler that Spark ships: nobody needs one of their own."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from santander.engine.cluster.java import find_java_home, spark_home
from santander.errors import SantanderError


def compile_into(jar: Path, source: Path, against: Iterable[Path]) -> None:
    """Compile ``source`` into ``jar``; it may use Spark's own jars and those named. Raises SantanderError where it may not."""
    spark = str(spark_home() / "jars" / "*")
    command = [
        *(str(find_java_home() / "bin" / "java"), "-cp", spark, "scala.tools.nsc.Main"),
        *("-classpath", ":".join([*map(str, against), spark]), "-d", str(jar), str(source)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode or not jar.is_file():
        said = (done.stdout + done.stderr).strip().splitlines() or ["no output"]
        raise SantanderError(f"{source.name} cannot be compiled: {said[0]}")
