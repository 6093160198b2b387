"""The one place that decides which part of the long suites runs: a sample on a push, the whole of it with ``--whole``.

A suite says what its sample is in one of these ways, and nothing else has to be changed:

    @pytest.mark.sample(push=3)                             three cases of this test on a push, all of them at night
    pytestmark = pytest.mark.sample(push=4, of="disks")     four of all cases marked with this name, wherever they stand
    @pytest.mark.sample(push=1, of="disks", unit="nfs")     cases of one unit, which share something dear, count as one
    rounds = amount(push=2, whole=12)                       how often a test repeats something

Which cases they are follows from the seed, and that from the commit: another commit, another sample; the same, the same.
Random numbers of a suite follow from it too, by ``chance``. A run that names a case (``file.py::test``) draws no samples.
"""

import os
import random
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

SEED_VARIABLE = "SANTANDER_TEST_SEED"
WHOLE_VARIABLE = "SANTANDER_TEST_WHOLE"
NO_COMMIT = "0"
"""The seed where the tests lie in no checkout of git."""


@cache
def seed() -> str:
    """Return the seed of this run: SANTANDER_TEST_SEED, else the first twelve digits of the commit."""
    return os.environ.get(SEED_VARIABLE) or _commit() or NO_COMMIT


def is_whole() -> bool:
    """Whether everything runs, as at night, and no sample."""
    return os.environ.get(WHOLE_VARIABLE) == "1"


def amount(push: int, whole: int) -> int:
    """Return how often a test repeats something: ``push`` times on a push, ``whole`` times at night."""
    return whole if is_whole() else push


def chance(name: str) -> random.Random:
    """Return random numbers that follow from the seed and this name."""
    return random.Random(f"{seed()} {name}")  # noqa: S311  (choices, no secrets)


def left_out(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return those of the collected cases that are marked with ``sample`` and not drawn into it."""
    units: dict[str, set[str]] = defaultdict(set)
    pushed: dict[str, int] = {}
    marked = [(item, _read(item, marker)) for item in items if (marker := item.get_closest_marker("sample"))]
    for item, (name, unit, push) in marked:
        if pushed.setdefault(name, push) != push:
            raise pytest.UsageError(f"{item.nodeid}: the sample {name!r} has push={pushed[name]} elsewhere and {push} here")
        units[name].add(unit)
    drawn = {name: set(chance(name).sample(sorted(of), min(pushed[name], len(of)))) for name, of in units.items()}
    return [item for item, (name, unit, _) in marked if unit not in drawn[name]]


def _read(item: pytest.Item, marker: pytest.Mark) -> tuple[str, str, int]:
    """Return name, unit and size of a sample as a marker declares them: by default the test's own name, and each case a unit."""
    options = dict(marker.kwargs)
    push, name, unit = options.pop("push", 0), options.pop("of", item.nodeid.partition("[")[0]), options.pop("unit", item.nodeid)
    if marker.args or options or not isinstance(push, int) or push < 1:
        raise pytest.UsageError(f"{item.nodeid}: write @pytest.mark.sample(push=3), or sample(push=3, of='name', unit='name')")
    return str(name), str(unit), push


def _commit() -> str:
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    asked = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else ""
