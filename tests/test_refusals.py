"""Every refusal names a remedy: held where they are raised, not sample by sample."""

import ast
from collections.abc import Iterator
from pathlib import Path

import santander

_PACKAGE = Path(santander.__file__).parent
_REFUSALS = {"InputError", "SantanderError", "TooLittleData", "TooFewMonths", "UnsoundModel", "ChampionUnfit"}
_WITHOUT = {
    # what they are raised from, or in, says the remedy: a file of conf, a trial, a command that goes on from there
    "ablate/ablation.py", "models/blend.py", "models/kinds.py", "models/sklearn_classifier.py", "models/sklearn_steps.py",
    "tune/variant.py", "tune/space.py", "tune/ground.py", "registry/contest.py",
    # what another machine or tool said, and a result: nobody here knows a remedy
    "engine/cluster/jars/__init__.py", "engine/cluster/scala.py", "engine/cluster/shipping.py", "kaggle/board.py",
    "kaggle/refusals.py", "kaggle/upload.py", "models/sklearn_files.py", "storage/bucket.py", "cli/verbs/reproduce.py",
    "reproduce/reproduce.py", "reproduce/logged_run.py",
}  # fmt: skip


def test_a_refusal_says_what_to_do() -> None:
    silent = sorted(name for name, call in _raised() if not any(word.arg == "hint" for word in call.keywords))
    assert [name for name in silent if name not in _WITHOUT] == []


def test_the_list_of_exceptions_is_not_longer_than_it_has_to_be() -> None:
    silent = {name for name, call in _raised() if not any(word.arg == "hint" for word in call.keywords)}
    assert _WITHOUT - silent == set()


def _raised() -> Iterator[tuple[str, ast.Call]]:
    for file in sorted(_PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _REFUSALS:
                yield file.relative_to(_PACKAGE).as_posix(), node
