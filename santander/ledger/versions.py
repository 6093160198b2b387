"""The version of a step: it follows from the code that decides what the step makes, so nobody has to raise a number.

It is part of every fingerprint in the ledger: where a rule changes, what was made before is out of date. Which code decides is
declared here by files, as nothing of it may have to be imported to know whether it changed.

A version is a digest of what the source code does, without what only people read: comments, docstrings, annotations of functions,
imports, log lines, the texts of errors, and the words of a declaration (``WORDS``). Names of modules, their order and the lines
between them do not count: a statement may move to another file of the same set. The digest is made of syntax trees and of nothing
that differs between Python 3.11 and later ones.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import santander
from santander.ledger.same_results import REWRITTEN, SAME_RESULTS

WORDS = frozenset({"meaning", "in_words", "unit", "unreadable", "outside", "breaks_it", "words"})
"""Arguments of a declaration that say it to people, or are examples."""
_ONLY_TYPES = frozenset({"annotation", "returns", "type_comment", "type_params", "kind", "ctx"})


def digest_of(files: Iterable[Path]) -> str:
    """Return 16 digits for what these modules do."""
    statements = sorted(_hash(statement) for file in files for statement in _statements(file.read_text(encoding="utf-8")))
    return hashlib.sha256("\n".join(statements).encode()).hexdigest()[:16]


def _statements(source: str) -> Iterator[ast.stmt]:
    return (statement for statement in ast.parse(source).body if not _says_nothing(statement))


def _hash(statement: ast.stmt) -> str:
    return hashlib.sha256("".join(_tokens(statement)).encode()).hexdigest()


def _tokens(value: object) -> Iterator[str]:
    """Kinds and fields of a node and all below it, empty ones left out: newer Pythons have more of these."""
    match value:
        case ast.Raise(exc=ast.Call(func=name)):
            yield "(Raise "
            yield from _tokens(name)
            yield ")"
        case ast.AST():
            yield f"({type(value).__name__} "
            for field, inner in ast.iter_fields(value):
                if inner in (None, []) or (field in _ONLY_TYPES and not isinstance(value, ast.AnnAssign)):
                    continue
                yield f"{field}="
                yield from _tokens(inner)
            yield ")"
        case list():
            for item in value:
                if not _says_nothing(item):
                    yield from _tokens(item)
                    yield ","
        case _:
            yield repr(value)


def _says_nothing(node: object) -> bool:
    """Whether a node is for people, for types or for finding other modules."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Expr(value=ast.Constant(value=str()) | ast.Call(func=ast.Attribute(value=ast.Name(id="log")))):
            return True
        case ast.Assign(targets=[ast.Name(id="log" | "__all__")]):
            return True
        case ast.keyword(arg=name):
            return name in WORDS
    return False


_ROOT = Path(santander.__file__).parent
Version: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Deciding:
    """The files that decide what a step makes, as patterns below ``santander``; those ``beside`` only move data or show them.

    A new file of a room that is counted as a whole counts at once.
    """

    files: tuple[str, ...]
    beside: tuple[str, ...] = ()

    def paths(self) -> list[Path]:
        """The files there are; raises FileNotFoundError for a pattern that none fits."""
        found: set[Path] = set()
        for pattern in self.files:
            if not (fitting := set(_ROOT.glob(pattern))):
                raise FileNotFoundError(f"no file of the package fits {pattern}: what decides a step has moved")
            found |= fitting
        return sorted(found - {_ROOT / name for name in self.beside})


_LANDING_RULES = ("schema/columns.py", "schema/between_columns.py", "schema/products.py")

_SUITES = ("quality/own_suites.py", "quality/own_validation.py")
"""What decides the results of suites of the user: only months that are held against one are out of date by it."""

_CHANCES = (
    "models/chances.py", "models/chance_calibration.py", "models/level.py", "models/rate.py", "models/shares.py",
)  # fmt: skip

STEPS: Mapping[str, Deciding] = {
    "ingest": Deciding(
        (
            *_LANDING_RULES, "ingest/cleaning.py", "ingest/column_values.py", "ingest/contradictions.py", "ingest/parsing.py",
            "ingest/duplicates.py",
        ),
    ),
    "features": Deciding(
        ("features/*.py",),
        beside=(
            "features/__init__.py", "features/additions.py", "features/build.py",
            "features/expansion.py", "features/month_work.py", "features/reference.py",
        ),
    ),
    "own_features": Deciding(
        ("features/own/contents.py", "features/own/declared.py", "features/own/running.py", "features/own/views.py"),
    ),
    "family_check": Deciding(("features/own/leakage.py", "features/own/surroundings.py")),
    "additions": Deciding(("features/additions.py", "features/month_before.py", "schema/products.py")),
    "validate": Deciding(
        (*_LANDING_RULES, "schema/features.py", "quality/*.py"),
        beside=(
            "quality/__init__.py", "quality/data_docs.py", "quality/reference.py", "quality/report.py", *_SUITES,
        ),
    ),
    "suites": Deciding(_SUITES),
    "describe": Deciding(("describe/*.py", "models/groups.py"), beside=("describe/__init__.py", "describe/describe.py")),
    "train": Deciding(
        (
            "schema/column_groups.py", "features/expansion.py",
            "models/additions.py", "models/booster*.py", "models/boosting.py", *_CHANCES, "models/classes.py",
            "models/contributions.py", "models/reasons.py", "models/tree_shap.py", "schema/reason_families.py",
            "models/groups.py", "models/month_weight.py", "models/on_columns.py", "models/ranking.py",
            "models/training_set.py", "training/chances.py", "training/collect.py", "training/drawn.py",
            "training/fitting.py", "training/folds.py", "training/labelled.py", "training/labels.py", "training/plan.py",
            "training/recipe.py",
        ),
    ),
    "score": Deciding(
        (
            "schema/column_groups.py", "features/expansion.py", *_CHANCES, "models/on_columns.py", "models/ranking.py",
            "scoring/batch.py",
        ),
    ),
    "offers": Deciding(
        (
            "config/offer_rules.py", "models/contributions.py", "models/reasons.py", "models/tree_shap.py",
            "schema/reason_families.py", "scoring/offer_conditions.py", "scoring/offer_rows.py",
        ),
    ),
    "submit": Deciding(("scoring/submission.py",)),
    "tune": Deciding(("tune/variant.py", "tune/pruning.py", "evaluation/average_precision.py")),
}  # fmt: skip
"""What decides each step. A kind of model is a step's own part (``version_of`` takes its module): a new kind changes no other."""


@cache
def version_of(step: str, *modules: str) -> Version:
    """Return the version of a step and of the modules named, which are imported: those of the kinds of models that it fits.

    The numbers by which versions were told in the past hold on as long as the code makes what it made then (``SAME_RESULTS``),
    so that what was recorded by them stays up to date.
    """
    parts = [_part(part) for part in (step, *sorted({*modules}))]
    return parts[0] if len(set(parts)) == 1 else "-".join(map(str, parts))


def digest_of_part(part: str) -> str:
    """Return the digest of a step's own code, or of the module of that name, which is imported."""
    if part in STEPS:
        return digest_of(STEPS[part].paths())
    file = sys.modules[part].__file__
    return digest_of([Path(file)] if file else [])


def _part(name: str) -> Version:
    digest = digest_of_part(name)
    return SAME_RESULTS.get(name, {}).get(digest, REWRITTEN.get(digest, digest))
