"""Which texts can name a place on this machine: all but those that some library would take for more than a name.

A path with ``*``, ``?`` or a backslash is a pattern to Spark and to DuckDB, and one with a control character breaks lines of
output and of text formats. All other characters are kept apart by spelling.py and addresses.py beside this file.
"""

import os
import unicodedata
from pathlib import Path

from santander.errors import InputError

_REFUSED = "*?\\"
_LONGEST = 255
"""Bytes of the name of one folder or file, by the file systems of today."""
_NAMED = {"\n": "a newline", "\t": "a tab", "\r": "a carriage return"}


def local_path(text: str) -> Path:
    """The path that a user wrote. Raises InputError for a text that names none, in a line with the character that is wrong."""
    if not text.strip():
        raise InputError(
            f"'{text}' names no folder or file: an option, a variable or a setting was left empty",
            hint="give it a value, or leave it out",
        )
    if text == "~" or text.startswith("~/"):
        home = Path.home() / text[2:]
        raise InputError(f"{text}: the shell leaves a quoted ~ as it is", hint=f"write ~ outside the quotes, or {home}")
    path = Path(text)
    if (longest := max(len(os.fsencode(part)) for part in path.absolute().parts)) > _LONGEST:
        raise InputError(
            f"{text[:40]}…: a name of {longest} bytes; the system takes {_LONGEST} at most", hint="use a shorter one"
        )
    for character in str(path.absolute()):
        if character in _REFUSED or unicodedata.category(character) in {"Cc", "Cs"}:
            raise InputError(
                f"{_shown(str(path))}: {_name_of(character)} cannot stand in the name of a folder or file here "
                "(nor can * ? \\ and control characters; all others can)",
                hint="rename it, or name it by a link",
            )
    return path


def _name_of(character: str) -> str:
    if character in _REFUSED:
        return f"'{character}'"
    if unicodedata.category(character) == "Cs":
        return f"the byte 0x{ord(character) & 0xFF:02x}, which is not UTF-8,"
    return _NAMED.get(character, f"the control character U+{ord(character):04X}")


def _shown(text: str) -> str:
    """The text in one line, whatever stands in it."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
