"""What a file of a family says of it: comment lines above a SELECT, or constants of a module, by the same keys."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from santander.errors import InputError, did_you_mean

KEYS = ("entity", "months", "meaning", "feature", "reason", "reason_es")
EXAMPLES = {"entity": "customer_id", "months": 5, "meaning": "How active a customer was lately"}
_SAID = re.compile(r"--\s*(?P<key>[A-Za-z_]+)\s*:\s*(?P<text>.*?)\s*")
_CONSTANTS = {"ENTITY": "entity", "MONTHS": "months", "MEANING": "meaning", "FEATURES": "feature"} | {
    key.upper(): key for key in ("reason", "reason_es")
}
_FUNCTION = "features"
_ARGUMENTS = ["customers", "history"]


@dataclass(frozen=True, slots=True)
class Header:
    """Key, line and text of each declaration of a file, and the code below it."""

    file: Path
    said: Sequence[tuple[str, int, str]]
    code: str
    first_line: int = 1

    def lines(self, key: str) -> list[tuple[int, str]]:
        """Return line and text of each declaration of a key."""
        return [(line, text) for said, line, text in self.said if said == key]

    def one(self, key: str) -> tuple[int, str]:
        """Return line and text of the one declaration of a key; raises InputError where there is none, or more."""
        found = self.lines(key)
        if not found or not found[0][1]:
            line = f"-- {key}: {EXAMPLES[key]}" if self.file.suffix == ".sql" else f"{key.upper()} = {EXAMPLES[key]!r}"
            raise self.refused(found[0][0] if found else 1, f"'{key}' is missing", f"add a line such as {line}")
        if len(found) > 1:
            raise self.refused(found[1][0], f"'{key}' stands twice", "leave one")
        return found[0]

    def refused(self, line: int, what: str, hint: str, example: str | None = None) -> InputError:
        """Return the refusal of a line of the file."""
        return InputError(f"{self.file}, line {line}: {what}", file=self.file, line=line, example=example, hint=hint)


def sql_header(file: Path, text: str) -> Header:
    """Return what the comments above a SELECT declare; raises InputError for an unknown key, or no SELECT."""
    said, lines, first = [], text.splitlines(), 0
    for first, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("--"):
            break
        if match := _SAID.fullmatch(line.strip()):
            said.append((match["key"].lower(), first + 1, match["text"]))
    header = Header(file, said, "\n".join(lines[first:]).strip().removesuffix(";").rstrip(), first + 1)
    for key, number, _ in said:
        if key not in KEYS:
            raise header.refused(number, f"unknown key '{key}'", did_you_mean(key, KEYS), example=key)
    if not re.match(r"(select|with)\b", header.code, re.IGNORECASE):
        raise header.refused(header.first_line, "below the header stands no SELECT", "write one SELECT, or WITH … SELECT")
    return header


def python_header(file: Path, text: str) -> Header:
    """Return what the constants of a module declare, without running it.

    Raises InputError for Python that does not parse, for a constant that is no literal, or without the function ``features``.
    """
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise Header(file, (), text).refused(line, f"this is no Python: {getattr(error, 'msg', error)}", "correct it") from None
    said = [declared for statement in module.body for declared in _declared(file, statement)]
    header = Header(file, said, _without_words(module))
    function = next((s for s in module.body if isinstance(s, ast.FunctionDef) and s.name == _FUNCTION), None)
    if function is None:
        raise header.refused(1, f"there is no function '{_FUNCTION}'", f"write def {_FUNCTION}({', '.join(_ARGUMENTS)})")
    if [argument.arg for argument in function.args.args] != _ARGUMENTS:
        raise header.refused(
            function.lineno, f"'{_FUNCTION}' takes other arguments", f"write def {_FUNCTION}({', '.join(_ARGUMENTS)})"
        )
    return header


def _declared(file: Path, statement: ast.stmt) -> Iterator[tuple[str, int, str]]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in _CONSTANTS:
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in _CONSTANTS:
            pass
        case _:
            return
    try:
        content = ast.literal_eval(value)
    except ValueError:
        why = f"{name} is computed"
        raise Header(file, (), "").refused(statement.lineno, why, "write its value itself, it is read without running") from None
    if name != "FEATURES":
        yield _CONSTANTS[name], statement.lineno, str(content).strip()
        return
    if isinstance(content, Mapping):
        content = [f"{key} {text}" for key, text in content.items()]
    texts = content.splitlines() if isinstance(content, str) else content
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        hint = 'write ["months_active smallint [0, 5] Meaning", …]'
        raise Header(file, (), "").refused(statement.lineno, "FEATURES is no list of texts", hint)
    lines = [element.lineno for element in getattr(value, "elts", getattr(value, "keys", []))]
    for number, text in enumerate(texts):
        if text.strip():
            yield "feature", lines[number] if number < len(lines) else statement.lineno, text.strip()


def _without_words(module: ast.Module) -> str:
    """Return the module without comments, docstrings and the constants of the header."""

    def says_nothing(statement: ast.stmt) -> bool:
        match statement:
            case ast.Expr(value=ast.Constant(value=str())):
                return True
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return name in _CONSTANTS
        return False

    stripped = ast.parse(ast.unparse(module))
    for node in ast.walk(stripped):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            node.body = [statement for statement in node.body if not says_nothing(statement)] or [ast.Pass()]
    return ast.unparse(stripped)
