"""The jars Spark needs beside its own, fetched once per machine.

``python -m santander.engine.cluster.jars delta s3a`` fetches them ahead.

Each set is an Ivy file here with exact versions; Spark's own Ivy fetches it, from the repositories that
SANTANDER_IVY_SETTINGS (an Ivy settings file, such as for a mirror) names or from Maven Central. A Scala file of the
same name beside it is compiled against these and Delta's jars, and its jar belongs to the set. Delta's jars have the
version of the Python package ``delta-spark``, so that ``delta.tables`` and they belong together.
"""

import hashlib
import logging
import os
import shutil
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from santander.engine.cluster.java import SPARK_LINE, cache_dir, find_java_home, spark_home
from santander.engine.cluster.scala import compile_into
from santander.errors import SantanderError

log = logging.getLogger(__name__)

_HERE = Path(__file__).resolve().parent
_SUMS = _HERE / "SHA256SUMS"


def jar_files(sets: Iterable[str]) -> list[Path]:
    """The jars of these sets, fetched the first time. Raises SantanderError when one cannot be had or is not the pinned one."""
    return [jar for name in sets for jar in _jars_of(name)]


def _jars_of(name: str) -> list[Path]:
    from filelock import FileLock

    wanted, source = _HERE / f"{name}.xml", _HERE / f"{name}.scala"
    content = _filled_in(wanted).encode()
    if source.is_file():
        content += source.read_bytes() + _filled_in(_HERE / "delta.xml").encode()
    folder = cache_dir() / "jars" / f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not folder.is_dir():
                _fetch(wanted, folder)
    return sorted(folder.glob("*.jar"))


def _variables() -> dict[str, str]:
    """What an Ivy file of a set leaves open, by name."""
    return {"delta.version": version("delta-spark"), "spark.line": SPARK_LINE}


def _filled_in(wanted: Path) -> str:
    text = wanted.read_text(encoding="utf-8")
    for name, value in _variables().items():
        text = text.replace(f"${{{name}}}", value)
    return text


def _fetch(wanted: Path, folder: Path) -> None:
    log.info("fetching the jars of %s into %s, once on this machine", wanted.stem, folder)
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    ivy = next((spark_home() / "jars").glob("ivy-*.jar"))
    command = [
        str(find_java_home() / "bin" / "java"),
        *(f"-D{name}={value}" for name, value in _variables().items()),  # Ivy puts them in place of ${name}
        *("-jar", str(ivy), "-warn"),
        *("-ivy", str(wanted), "-cache", str(cache_dir() / "ivy")),
        *("-types", "jar", "bundle"),
        *("-retrieve", f"{unfinished}/[artifact]-[revision].jar"),
    ]
    if mirror := os.environ.get("SANTANDER_IVY_SETTINGS"):
        command += ["-settings", mirror]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        telling = next((line for line in said if "not found" in line or "unresolved" in line), said[-1] if said else "")
        raise SantanderError(f"the jars of {wanted.stem} cannot be fetched: {telling}")
    _check(unfinished)
    if (source := wanted.with_suffix(".scala")).is_file():
        compile_into(unfinished / f"santander-{source.stem}.jar", source, [*jar_files(["delta"]), *unfinished.glob("*.jar")])
    unfinished.rename(folder)


def _check(folder: Path) -> None:
    pinned = {name: sha256 for sha256, name in (line.split() for line in _SUMS.read_text().splitlines() if line)}
    for jar in sorted(folder.glob("*.jar")):
        with jar.open("rb") as data:
            found = hashlib.file_digest(data, "sha256").hexdigest()
        if pinned.get(jar.name) != found:
            raise SantanderError(f"{jar.name} is not the jar that was pinned: its sha256 is {found}")
