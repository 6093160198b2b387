"""What the workers of a cluster import, packed by the driver: this package as a wheel, and the libraries it stands on.

Workers need a Python of the driver's minor version and Spark, nothing else of ours. The libraries are copied from the
driver's own environment, so both sides run the same versions; they are packed once per machine and set of versions.
"""

import hashlib
import io
import json
import logging
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from santander.engine.cluster.java import cache_dir
from santander.errors import SantanderError

log = logging.getLogger(__name__)

LIBRARIES = ("numpy", "pandas", "pyarrow", "pydantic", "scikit-learn", "scipy", "xgboost", "xgboost-cpu", "lightgbm")
"""What code that runs on workers imports; what these need comes with them."""

PACKED_AS = "environment"
"""The folder in a worker's working directory into which the libraries are unpacked."""

PACKAGE_AS = "package"
"""The folder beside it into which this package is unpacked."""

_PACKAGE = "santander"
_NOT_SHIPPED = {"__pycache__", "tests", "include"}
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_LAUNCHER = f"""#!/bin/sh
# The worker's own Python {_PYTHON}, with the package and the libraries it was sent in front of its own.
here=$(cd "$(dirname "$0")/.." && pwd)
export PYTHONPATH="$PWD/{PACKAGE_AS}:$here/lib${{PYTHONPATH:+:$PYTHONPATH}}" PYTHONNOUSERSITE=1
for python in ${{SANTANDER_WORKER_PYTHON:-python{_PYTHON} python3 python}}; do
  if "$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "{_PYTHON}")' 2>/dev/null; then
    exec "$python" "$@"
  fi
done
echo "no Python {_PYTHON} on this worker's PATH: install it, or name it by spark.executorEnv.SANTANDER_WORKER_PYTHON" >&2
exit 1
"""


def package_archive() -> Path:
    """The package ``santander`` for the workers: the content of its wheel in a .zip, which Spark unpacks.

    In a checkout the wheel is built from the files as they are now. Raises SantanderError when that fails.
    """
    checkout = Path(__file__).resolve().parents[3]
    content = _built_wheel(checkout) if (checkout / "pyproject.toml").is_file() else _installed_package()
    archive = cache_dir() / "packages" / f"{_PACKAGE}-{hashlib.sha256(content).hexdigest()[:12]}.zip"
    if not archive.is_file():
        archive.parent.mkdir(parents=True, exist_ok=True)
        unfinished = archive.with_suffix(".unfinished")
        unfinished.write_bytes(content)
        unfinished.replace(archive)
    return archive


def environment_archive() -> Path:
    """``bin/python`` and ``lib`` with LIBRARIES as installed here, as .tar.gz; packed the first time, which takes a while."""
    from filelock import FileLock

    shipped = list(_with_requirements(LIBRARIES))
    versions = sorted(f"{each.name}=={each.version}" for each in shipped)
    about = json.dumps([versions, platform.platform(), _LAUNCHER, sorted(_NOT_SHIPPED)])
    archive = cache_dir() / "environments" / f"{hashlib.sha256(about.encode()).hexdigest()[:12]}.tar.gz"
    archive.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(archive.with_suffix(".lock")):
        if not archive.is_file():
            log.info("packing the libraries for the workers into %s, once on this machine: %s", archive, ", ".join(versions))
            unfinished = archive.with_suffix(".unfinished")
            _pack(shipped, unfinished)
            unfinished.replace(archive)
    return archive


def _built_wheel(checkout: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)  # noqa: S603
        wheel = next(Path(folder).glob("*.whl"), None)
        if done.returncode or wheel is None:
            said = (done.stderr or done.stdout).strip().splitlines() or [""]
            raise SantanderError(f"the wheel for the workers cannot be built from {checkout}: {said[-1]}")
        return wheel.read_bytes()


def _installed_package() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in _files_of(distribution(_PACKAGE)):
            archive.writestr(zipfile.ZipInfo(name), file.read_bytes())
    return content.getvalue()


def _with_requirements(names: Iterable[str]) -> Iterator[Distribution]:
    """The distributions of these names that are installed, and those they need."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    waiting, met = [canonicalize_name(name) for name in names], set[str]()
    while waiting:
        name = waiting.pop()
        if name in met:
            continue
        met.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        yield found
        for text in found.requires or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(needed.name))


def _files_of(installed: Distribution) -> Iterator[tuple[str, Path]]:
    """Names below site-packages and places of a distribution's files; scripts beside it and what no worker imports left out."""
    for file in sorted(installed.files or []):
        if ".." not in file.parts and not _NOT_SHIPPED & set(file.parts) and (place := Path(str(file.locate()))).is_file():
            yield file.as_posix(), place


def _pack(shipped: Iterable[Distribution], target: Path) -> None:
    launcher = tarfile.TarInfo("bin/python")
    launcher.size, launcher.mode = len(_LAUNCHER), 0o755
    with tarfile.open(target, "w:gz", compresslevel=1) as archive:
        archive.addfile(launcher, io.BytesIO(_LAUNCHER.encode()))
        for installed in shipped:
            for name, place in _files_of(installed):
                archive.add(place, f"lib/{name}", recursive=False)
