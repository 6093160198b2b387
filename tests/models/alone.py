"""Loads a saved model where there is nothing but its own requirements: another process, a copy of the code, no other import."""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import numpy as np
import pyarrow as pa
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pyarrow import feather

from santander.models.packages import EVERY_MODEL
from santander.registry.registration import copy_code

REPOSITORY = Path(__file__).parents[2]

SCRIPT = """
import json, sys
from importlib.abc import MetaPathFinder

folder, rows, scores, code, repository, allowed = sys.argv[1:]
allowed = {*json.loads(allowed), *sys.stdlib_module_names, "santander"}

class Forbidden(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in allowed and not top.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"{name} is not among the requirements of the model", name=name)

sys.meta_path.insert(0, Forbidden())
sys.path = [code, *(place for place in sys.path if place not in ("", repository))]

from pathlib import Path
import numpy, pyarrow.feather
from santander.models.kinds import load_recommender

features = pyarrow.feather.read_table(rows)
model = load_recommender(Path(folder))
numpy.save(scores, model.score(features))
import santander
print(json.dumps([santander.__file__, model.rank(features, model.score(features)).tolist()]))
"""


def scores_alone(folder: Path, rows: pa.Table, packages: Iterable[str], scratch: Path) -> np.ndarray:
    """What the model in a folder scores in a process that may import no more than its requirements and what those need."""
    scratch.mkdir()
    feather.write_feather(rows, str(scratch / "rows.feather"))
    copied = copy_code(scratch / "code")
    arguments = [folder, scratch / "rows.feather", scratch / "scores.npy", copied.parent, REPOSITORY]
    allowed = json.dumps(sorted(modules_of([*EVERY_MODEL, *packages])))
    command = [sys.executable, "-I", "-c", SCRIPT, *map(str, arguments), allowed]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=scratch)
    assert done.returncode == 0, done.stderr
    code, _ = json.loads(done.stdout.splitlines()[-1])
    assert code.startswith(str(copied))
    return np.load(scratch / "scores.npy")


@cache
def _owners() -> Mapping[str, list[str]]:
    return packages_distributions()


def modules_of(packages: Iterable[str]) -> set[str]:
    """Top-level modules of these packages and of everything they require."""
    waiting, met = [canonicalize_name(name) for name in packages], set[str]()
    while waiting:
        name = waiting.pop()
        if name in met:
            continue
        met.add(name)
        needed = map(Requirement, distribution(name).requires or [])
        waiting += [canonicalize_name(one.name) for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return {module for module, owned_by in _owners().items() if met & {canonicalize_name(owner) for owner in owned_by}}
