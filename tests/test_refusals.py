"""Every refusal names a remedy: held where they are raised, not sample by sample."""

import ast
from collections.abc import Iterator
from pathlib import Path

import santander

_PACKAGE = Path(santander.__file__).parent
_REFUSALS = {"InputError", "SantanderError", "TooLittleData", "TooFewMonths", "UnsoundModel", "ChampionUnfit"}
_WITHOUT = 30
"""Refusals without a hint of their own: what another tool or machine said, results, and those that are raised again by one that
names the file to correct. May become fewer."""


def test_a_refusal_says_what_to_do() -> None:
    silent = [where for where, call in _raised() if not any(word.arg == "hint" for word in call.keywords)]
    assert len(silent) <= _WITHOUT, f"give what is raised a hint=, the remedy: {silent}"


def _raised() -> Iterator[tuple[str, ast.Call]]:
    for file in sorted(_PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _REFUSALS:
                yield f"{file.relative_to(_PACKAGE)}:{node.lineno}", node
