"""Feast is imported without the checks that take half of its import, and typeguard is left as it was for everybody else."""

import subprocess
import sys

FRESH = """
import typeguard
before = typeguard.typechecked
from santander.store.feast_import import import_feast
import_feast()
import feast
assert typeguard.typechecked is before
assert feast.Field.__init__.__code__.co_filename.endswith("field.py")
feast.Field(name=1, dtype=feast.types.Int64)  # what an instrumented class refuses
"""


def test_feast_is_imported_as_it_is_written() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FRESH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
