"""Each walk of docs/extending.md, done on a copy of the tree; tests/docs/walks.py has the form of its blocks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import sample
from tests.docs.walks import Edit, PageIsWrong, Walk, walks

TREE = Path(__file__).parents[2]
WALKS = walks((TREE / "docs" / "extending.md").read_text(encoding="utf-8"))
COPIED = ("santander", "tests", "conf", "docs", "benchmarks", "Makefile", "pyproject.toml")
MOST_FILES = 3
MAY_BREAK = (
    "tests/schema/test_between_columns.py", "tests/ingest/test_export.py", "tests/features/test_made.py",
    "tests/ingest/test_ingestion.py::test_a_record_is_typed_and_translated", "tests/quality/test_rules_between_columns.py",
)  # fmt: skip
"""Tests that look at all rules and features at once, or whose records a new rule could find at fault."""
ROOMS = tuple(f"tests/{room}" for room in ("schema", "ingest", "features", "quality", "audit", "models", "ledger", "synthetic"))
"""At night, the rooms that a walk touches."""
READY = ".venv/.ready"
"""What make would make anew in a copy; ``-o`` takes it as it is."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the walks touch and run."""
    copy = tmp_path / "tree"
    for name in COPIED:
        if (TREE / name).is_dir():
            shutil.copytree(TREE / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
        else:
            copy.mkdir(exist_ok=True)
            shutil.copy2(TREE / name, copy / name)
    (copy / ".venv").symlink_to(sys.prefix)
    return copy


def run(command: list[str], tree: Path) -> None:
    """Run a command of the page in the tree; fails with its output."""
    program, *rest = command
    words = {"python": [sys.executable], "make": ["make", "-o", READY]}.get(program, [str(Path(sys.prefix) / "bin" / program)])
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("SANTANDER_MASTER", None)
    done = subprocess.run([*words, *rest], cwd=tree, env=environment, capture_output=True, text=True, timeout=1_800, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


@pytest.mark.long
@pytest.mark.sample(push=1)
@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.title)
def test_a_walk_of_the_page_leads_where_it_says(walk: Walk, tree: Path) -> None:
    assert len(walk.files) <= MOST_FILES
    for step in walk.steps:
        if isinstance(step, Edit):
            step.apply(tree)
        else:
            run(list(step), tree)
    assert not isinstance(walk.steps[-1], Edit), "a walk ends with commands that try it"


@pytest.mark.long
def test_all_walks_together_leave_the_tests_of_others_green(tree: Path) -> None:
    for step in (step for walk in WALKS for step in walk.steps):
        if isinstance(step, Edit):
            step.apply(tree)
    run(["make", "docs"], tree)
    run(["python", "-m", "pytest", "-q", *(ROOMS if sample.is_whole() else MAY_BREAK)], tree)


def test_the_page_has_the_walks_that_are_asked_for() -> None:
    asked = {"A rule of one column", "A rule between columns", "A rule of validation", "A built-in feature", "A kind of model"}
    assert asked <= {walk.title for walk in WALKS}


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("```python file=a.py after='two'\nx\n```", "a.py has 0 lines"),
        ("```python file=a.py after='one'\nx\n```", "a.py has 2 lines"),
        ("```python file=b.py append\nx\n```", "there is no b.py"),
        ("```python file=a.py new\nx\n```", "a.py is there already"),
    ],
)
def test_a_page_that_does_not_fit_the_tree_is_named(tmp_path: Path, block: str, message: str) -> None:
    (tmp_path / "a.py").write_text("one\none\n")
    ((step,),) = (walk.steps for walk in walks(f"## Walk\n\n{block}\n"))
    assert isinstance(step, Edit)
    with pytest.raises(PageIsWrong, match=message):
        step.apply(tmp_path)
