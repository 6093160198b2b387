"""What Spark needs of this machine: its folder and a Java; ``python -m santander.engine.cluster.java`` prints where that lies."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from santander.errors import InputError, SantanderError

SPARK_LINE = "4.1"


def spark_home() -> Path:
    """SPARK_HOME where it is set, else the Spark inside the pyspark package; raises InputError for another line of Spark."""
    import pyspark

    home = Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)
    if not next((home / "jars").glob(f"spark-core_*-{SPARK_LINE}.*.jar"), None):
        raise InputError(f"SPARK_HOME={home} holds no Spark {SPARK_LINE}", hint="unset it to use the one that pyspark brings")
    return home


def cache_dir() -> Path:
    """SANTANDER_CACHE_DIR, else ``santander`` in the user's cache folder."""
    if named := os.environ.get("SANTANDER_CACHE_DIR"):
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "santander"


FIRST_VERSION, TOO_NEW = 17, 24
"""Spark 4.1 needs 17; from 24 on Java has no security manager, which Hadoop's client asks for."""

_INSTALL_FOLDERS = ("/usr/lib/jvm", "/opt/java", "/Library/Java/JavaVirtualMachines")
_VERSION = re.compile(r'version "(\d+)')
_RELEASE = re.compile(r'^JAVA_VERSION="(\d+)', re.MULTILINE)


class NoJava(SantanderError):
    """No Java that Spark runs on was found."""

    def __init__(self, seen: dict[Path, int]) -> None:
        found = "; ".join(f"{home} is Java {version}" for home, version in sorted(seen.items())) or "none found"
        super().__init__(
            f"Spark needs Java {FIRST_VERSION} to {TOO_NEW - 1} ({found})",
            hint=f"{_remedy()}, or point JAVA_HOME to one; --master sail needs no Java",
        )


def find_java_home() -> Path:
    """The home of the first usable Java: JAVA_HOME, the one on PATH, then the usual folders. Raises NoJava."""
    seen: dict[Path, int] = {}
    for home in _candidates():
        version = _version_of(home)
        if version is None:
            continue
        if FIRST_VERSION <= version < TOO_NEW:
            return home
        seen[home] = version
    raise NoJava(seen)


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("JAVA_HOME"):
        yield Path(named)
    if on_path := shutil.which("java"):
        yield Path(on_path).resolve().parent.parent
    for folder in map(Path, _INSTALL_FOLDERS):
        for home in sorted(folder.glob("*")):
            yield home / "Contents" / "Home" if (home / "Contents" / "Home").is_dir() else home


def _version_of(home: Path) -> int | None:
    """The major version of the Java installed in a folder; None when there is none."""
    program = home / "bin" / "java"
    if not os.access(program, os.X_OK):
        return None
    release = home / "release"
    if release.is_file() and (found := _RELEASE.search(release.read_text(errors="replace"))):
        return int(found[1])
    said = subprocess.run([str(program), "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = _VERSION.search(said.stderr + said.stdout)
    return int(found[1]) if found else None


def _remedy() -> str:
    """The one command that installs Java here."""
    if shutil.which("apt-get"):
        return "install it with 'sudo apt-get install -y openjdk-17-jre-headless'"
    if shutil.which("dnf"):
        return "install it with 'sudo dnf install -y java-17-openjdk-headless'"
    if shutil.which("brew"):
        return "install it with 'brew install openjdk@17'"
    return "install OpenJDK 17"


if __name__ == "__main__":
    try:
        print(find_java_home())
    except NoJava as none:
        sys.exit(f"error: {none}")
