"""What a person sees of a result: as wide as the terminal, whole, and in letters that it can show."""

import codecs
import io
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from santander.cli.refusal import with_options

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Column, Table

PIPED_COLUMNS: Final = 120
"""Where results go that no terminal shows; COLUMNS says otherwise."""
LINES: Final = 24
"""Nothing that is shown depends on it."""
HELP_COLUMNS: Final = 100
"""Lines of prose that are longer than this are hard to read."""
LEAST_FOR_PROSE: Final = 24
"""Columns that a cell of several words needs at least."""
_UNDERLINED_HEADINGS: Final = "    \n    \n -- \n    \n    \n    \n    \n    \n"
"""A table without lines between columns, as rich describes one."""
_PLAIN = {"…": "...", "→": "->", "±": "+/-", "━": "-", "╸": "-", "╺": "-", "·": "-", "\N{EN DASH}": "-", "—": "-"}
_PLAIN_LETTERS = "plain letters"


def columns(otherwise: int) -> int:
    """Return the width of the terminal, or ``otherwise`` where standard output is none."""
    return shutil.get_terminal_size((otherwise, LINES)).columns


def show_in_any_encoding() -> None:
    """Have both streams write plain letters for what their encoding lacks, in place of an error."""
    codecs.register_error(_PLAIN_LETTERS, _in_plain_letters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_PLAIN_LETTERS)


def _in_plain_letters(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return b"".join(_plain(letter) for letter in error.object[error.start : error.end]), error.end


def _plain(letter: str) -> bytes:
    """Return a letter without its accent; a byte of a file name that is no text, as it is."""
    if "\udc80" <= letter <= "\udcff":
        return letter.encode("ascii", "surrogateescape")
    plain = _PLAIN.get(letter) or unicodedata.normalize("NFKD", letter)
    return plain.encode("ascii", "ignore") or b"?"


def show(parts: list[Any], *, options: Mapping[str, object] | None = None, stderr: bool = False) -> None:
    """Print texts and tables. Nothing is cut, and a line that holds a command or a path is not broken.

    ``options``: the shared options as they were typed; they stand behind the commands that a text names.
    """
    from rich.console import Console
    from rich.table import Table

    # without a height rich looks for itself, and takes 80 columns where TERM is dumb and colours are forced
    console = Console(width=columns(PIPED_COLUMNS), height=LINES, stderr=stderr)
    for part in parts:
        if isinstance(part, Table):
            console.print(fitted(part, console))
            continue
        for line in str(part).split("\n"):
            for piece in _lines(with_options(line, options or {}), console.width):
                console.print(piece, markup=False, soft_wrap=True)  # names of files may hold what rich takes for markup


def _lines(line: str, width: int) -> list[str]:
    """Return a line of prose broken at words, each piece indented as the line is."""
    if "/" in line or "'santander " in line:  # to be copied from the screen whole
        return [line]
    indent = line[: len(line) - len(line.lstrip(" "))]
    return textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def fitted(table: "Table", console: "Console") -> "RenderableType":
    """Return a table as it fits into the terminal: as it is, closer together, or each row as a few lines."""
    from rich.console import Group

    if _width(table, console)[1] <= console.width:
        return table
    _move_together(table)
    return Group(table, "") if _width(table, console)[0] <= console.width else _as_lines(table)


def _width(table: "Table", console: "Console") -> tuple[int, int]:
    """Return the least width in which no cell is cut, and the width in which none is broken."""
    from rich.measure import Measurement

    return Measurement.get(console, console.options.update_width(10_000), table)


def _move_together(table: "Table") -> None:
    """Take out empty columns and the lines between the others, break headings at words, let cells of prose be broken too."""
    from rich.box import Box

    table.columns = [column for column in table.columns if {*_cells(column)} - {"", "-"}]
    table.box, table.show_edge, table.pad_edge, table.padding = Box(_UNDERLINED_HEADINGS, ascii=True), False, False, (0, 1, 0, 0)
    for column in table.columns:
        widest = max((len(line) for cell in _cells(column) for line in cell.splitlines()), default=0)
        is_prose = widest > LEAST_FOR_PROSE and any(" " in cell and "'santander " not in cell for cell in _cells(column))
        words = str(column.header).split()
        least = min(widest, LEAST_FOR_PROSE) if is_prose else widest
        column.header = _broken(words, max([least, *map(len, words)]))
        column.no_wrap, column.min_width = not is_prose, max([least, *map(len, words)])


def _broken(words: list[str], width: int) -> str:
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def _cells(column: "Column") -> list[str]:
    return [str(cell) for cell in column.cells]


def _as_lines(table: "Table") -> "RenderableType":
    """Return each row as its first cell and, below it, a line for each other cell that says something."""
    from rich.console import Group
    from rich.text import Text

    headings = [" ".join(str(column.header).split()) for column in table.columns]
    lines = [str(table.title)] if table.title else []
    for row in zip(*(_cells(column) for column in table.columns), strict=True):
        first, *others = (" ".join(cell.split()) for cell in row)
        lines.append(first)
        named = zip(headings[1:], others, strict=True)
        lines += [f"  {f'{heading} {cell}'.strip()}" for heading, cell in named if cell not in {"", "-"}]
    return Group(*(Text(line, overflow="fold") for line in lines))
