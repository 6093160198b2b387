"""The one line on what is wrong in a family's code: file, line, what happened, what to do."""

import ast
import re
import traceback
from collections.abc import Collection

from santander.engine.memory.embedded import is_pool_exceeded
from santander.errors import InputError, SantanderError, did_you_mean, is_out_of_space, telling_line
from santander.features.own.running import HEADER_LINES
from santander.features.own.views import HISTORY_COLUMNS
from santander.schema.months import Month
from santander.schema.own_family import Language, OwnFamily

_UNKNOWN_COLUMN = re.compile(
    r"attribute ObjectName\(\[(?:.*?, )?Identifier\(\"(?P<sail>[^\"]+)\"\)\]\) is missing"
    r"|\[UNRESOLVED_COLUMN\.\S+\] .*? with name (?:`[^`]+`\.)*`(?P<spark>[^`]+)`"
    r"|\[ATTRIBUTE_NOT_SUPPORTED\] Attribute `(?P<attribute>[^`]+)`"
)
_UNKNOWN_TABLE = re.compile(r"\[TABLE_OR_VIEW_NOT_FOUND\] (?:Table or view not found: |The table or view )(\S+)")
_UNKNOWN_FUNCTION = re.compile(
    r"unknown function: (?P<sail>\w+)|\[UNRESOLVED_ROUTINE\] Cannot resolve routine `(?P<spark>[^`]+)`"
)
_NOT_READ = re.compile(
    r"\[PARSE_SYNTAX_ERROR\] (?P<spark>.*?) SQLSTATE|invalid argument: (?P<sail>found .*?)(?: at \d+:\d+ .*)?$", re.DOTALL
)
_NOT_DONE = re.compile(r"^(?:not (?:implemented|supported|yet)|unsupported|\[UNSUPPORTED)", re.IGNORECASE)
_NOT_GROUPED = re.compile(r'No field named \S*"#\d+"|\[MISSING_(?:AGGREGATION|GROUP_BY)\]')
_LINE = re.compile(r"\bline (\d+)(?:, position|,? pos)\b")
_OFFSET = re.compile(r" at (\d+):\d+ expected")
_BOTH = "it must run on sail and on Apache Spark alike; where SQL differs, write the family in PySpark"


class WrongFamily(InputError):
    """A family's file does not make what it declares."""


def wrong(family: OwnFamily, line: int | None, what: str, hint: str, month: Month | None = None, **about: str) -> WrongFamily:
    """Return the refusal of a family; without a line it names where the code begins."""
    line = line or first_line(family)
    column, example = about.get("column"), about.get("example")
    return WrongFamily(
        f"{family.file}, line {line}: {what}",
        file=family.file,
        line=line,
        month=month,
        hint=hint,
        column=column,
        example=example,
    )


def first_line(family: OwnFamily) -> int:
    """Return the line in which the SELECT begins, or the function."""
    if family.language is Language.SQL:
        return family.first_line
    statements = ast.parse(family.file.read_bytes()).body
    return next((each.lineno for each in statements if isinstance(each, ast.FunctionDef) and each.name == "features"), 1)


def line_that_names(family: OwnFamily, name: str) -> int | None:
    """Return the first line of the code in which a name stands; None where it stands in none."""
    text = family.file.read_text(encoding="utf-8-sig")
    lines, start = text.splitlines(), family.first_line - 1
    if family.language is Language.PYSPARK:
        declared = [
            node
            for node in ast.parse(text).body
            if isinstance(node, ast.Assign | ast.AnnAssign) and "FEATURES" in ast.unparse(node)
        ]
        start = declared[0].end_lineno or 0
    word = re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE)
    return next((n for n, line in enumerate(lines[start:], start + 1) if word.search(line)), None)


def refused(family: OwnFamily, month: Month, error: Exception, engine: str, text: str = "") -> SantanderError:
    """Return what an error in a family's code comes to, in one line; one of the machine is not of the code.

    ``text`` is the query of a SELECT, which places in the error count from.
    """
    if is_out_of_space(error) or is_pool_exceeded(error):
        return SantanderError(telling_line(error), month=month, hint="free disk space, or raise SANTANDER_MEMORY__BUDGET")
    said = str(error)
    line = _line_in_query(family, said, text) if family.language is Language.SQL else _line_in_module(family, error)
    what, hint, name = named(said, engine, HISTORY_COLUMNS, _BOTH) or told(error, engine, month, _BOTH)
    if name is not None and (line is None or family.language is Language.PYSPARK):
        line = line_that_names(family, name) or line  # engines of Python tell where a frame was used, if anything
    return wrong(family, line, what, hint, month, **({"example": name} if name else {}))


def named(said: str, engine: str, columns: Collection[str], both: str) -> tuple[str, str, str] | None:
    """Return what is unknown to an engine, what to do, and its name; None where it says something else.

    ``columns`` are those there are; ``both`` is what to do where the engines differ.
    """
    if found := _UNKNOWN_COLUMN.search(said):
        name = next(filter(None, found.groups()))
        # one that is there but not in reach, as the key of a joined table by that table's name, may be found by the other engine
        hint = both if name in columns else did_you_mean(name, columns)
        return f"unknown column '{name}'", hint, name
    if found := _UNKNOWN_TABLE.search(said):
        name = found[1].strip("`")
        return f"unknown view '{name}'", "there are customers and history", name
    if found := _UNKNOWN_FUNCTION.search(said):
        name = found["sail"] or found["spark"]
        return f"{engine} knows no function '{name}'", both, name
    return None


def told(error: Exception, engine: str, month: Month | None, both: str) -> tuple[str, str, None]:
    """Return what an engine or the code itself says of an error, and what to do."""
    said = str(error)
    if _NOT_GROUPED.search(said):
        return "a column stands there that is neither grouped nor aggregated", "put it into GROUP BY, or take MAX of it", None
    if found := _NOT_READ.search(said):
        hint = f"look for a mistyped or missing word, comma or bracket there; {both}"
        return f"{engine} cannot read this SQL: {_shortened(found['spark'] or found['sail'])}", hint, None
    if _NOT_DONE.search(said):
        return f"{engine} does not do this: {_shortened(said)}", both, None
    return f"{_shortened(telling_line(error))}{f' (month {month})' if month else ''}", "correct it", None


def _line_in_query(family: OwnFamily, said: str, text: str) -> int | None:
    """Return the line of the file that an engine's error names by line, or by offset, in the query."""
    number = None
    if found := _LINE.search(said):
        number = int(found[1])
    elif found := _OFFSET.search(said):
        number = text[: int(found[1])].count("\n") + 1
    if number is None:
        return None
    last = family.first_line + family.code.count("\n")
    return min(max(family.first_line, family.first_line + number - 1 - HEADER_LINES), last)


def _line_in_module(family: OwnFamily, error: Exception) -> int | None:
    """Return the line of the module that an error was raised in: the frame of its function, or of a worker, else None."""
    if isinstance(error, SyntaxError):
        return error.lineno
    in_text = re.findall(rf'File "{re.escape(str(family.file))}", line (\d+)', str(error))
    if in_text:
        return int(in_text[-1])
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(family.file)]
    # a column that is not there is found when the frame is asked for, where the function is over
    return frames[-1].lineno if frames else None


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:300]}…"
