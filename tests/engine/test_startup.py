"""What keeps a run from waiting for its libraries still saves its seconds, and leaves the libraries as they were."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

FEAST = "from santander.engine.startup import import_feast; import_feast()"
EXPECTATIONS = "from santander.engine.startup import import_great_expectations; import_great_expectations()"
REGISTRY = "import pathlib; from santander.engine import startup; startup.read_registered_model(pathlib.Path('mlflow.db'), 'm')"
MLFLOW = "import mlflow; mlflow.MlflowClient('sqlite:///mlflow.db').search_model_versions(\"name = 'm'\")"

WORTH_IT = 0.8
"""What helps takes at most this share of the processor seconds that it takes without."""


def answer(code: str, folder: Path | None = None) -> str:
    """Return what a fresh process prints that runs the code."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, cwd=folder).stdout.strip()


def seconds(code: str, folder: Path) -> float:
    """Return the processor seconds of a fresh process that runs the code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    answer(code, folder)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


@pytest.mark.sample(push=1)
@pytest.mark.parametrize(
    ("quick", "plain"),
    [(FEAST, "import feast"), (EXPECTATIONS, "import great_expectations"), (REGISTRY, MLFLOW)],
    ids=["feast", "great_expectations", "registry"],
)
def test_it_still_saves_its_seconds(quick: str, plain: str, tmp_path: Path) -> None:
    assert seconds(quick, tmp_path) < WORTH_IT * seconds(plain, tmp_path)


def test_feast_is_imported_as_it_is_written_and_typeguard_left_as_it_was() -> None:
    inside = (
        "import feast; print(typeguard.typechecked is before, feast.Field.__init__.__code__.co_filename.endswith('field.py'))"
    )
    refused_where_instrumented = "feast.Field(name=1, dtype=feast.types.Int64)"
    code = f"import typeguard; before = typeguard.typechecked; {FEAST}; {inside}; {refused_where_instrumented}"
    assert answer(code) == "True True"


def test_what_no_rule_asks_for_is_not_loaded() -> None:
    inside = ("altair.vegalite", "scipy.stats._stats_py", "botocore", "sqlalchemy", "great_expectations.expectations")
    code = f"import sys; {EXPECTATIONS}; print([name for name in {inside} if name in sys.modules])"
    assert answer(code) == "['great_expectations.expectations']"


def test_whoever_asks_for_it_later_has_it_all_the_same() -> None:
    code = "import altair, scipy.stats, sqlalchemy; from scipy.stats import norm; "
    show = "print(norm.cdf(0.0), scipy.stats.norm is norm, altair.Chart.__name__, sqlalchemy.select.__name__)"
    assert answer(f"{EXPECTATIONS}; {code}{show}") == "0.5 True Chart select"
