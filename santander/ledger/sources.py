"""A digest of what source code does: statements of modules without what only people read.

Left out are comments, docstrings, annotations of functions, imports, log lines, the texts of errors, and the words of a
declaration (``WORDS``). Names of modules, their order and the lines between them do not count either: a statement may move to
another file of the same set, and a file may be renamed. The digest is made of syntax trees and of nothing that differs between
Python 3.11 and later ones.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

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
