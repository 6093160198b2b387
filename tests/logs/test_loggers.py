"""One logger for each module, and no customer's id in what they say."""

import ast
from collections.abc import Iterator
from pathlib import Path

import santander

NAMES_OF_IDS = {"customer_id", "customer_ids", "ids", "persons", "everyone", "erased", "ncodpers"}


def statements() -> Iterator[tuple[str, ast.AST]]:
    """Assignments to ``log`` and calls of it, in all modules that have one."""
    for file in sorted(Path(santander.__file__).parent.rglob("*.py")):
        if "\nlog = " not in (text := file.read_text()):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "log":
                yield file.name, node
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "log":
                yield file.name, node


def test_a_module_logs_by_its_own_name_and_no_line_takes_an_id() -> None:
    loggers = [(name, ast.unparse(node.value)) for name, node in statements() if isinstance(node, ast.Assign)]
    calls = [(name, node) for name, node in statements() if isinstance(node, ast.Call)]
    assert len(loggers) > 40
    assert len(calls) > 60
    assert [each for each in loggers if each[1] != "logging.getLogger(__name__)"] == []
    assert [(name, ast.unparse(call)) for name, call in calls if any(_words(each) & NAMES_OF_IDS for each in call.args)] == []


def _words(node: ast.AST) -> set[str]:
    """Names in an expression, without those of which only the number is told."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "len":
        return set()
    own = {node.id} if isinstance(node, ast.Name) else {node.attr} if isinstance(node, ast.Attribute) else set[str]()
    return own.union(*(_words(each) for each in ast.iter_child_nodes(node)))
