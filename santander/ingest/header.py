"""The first line of a landing file: the positions of its columns, or why the file is refused and what to do."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import BinaryIO

from santander.ingest.arrangement import ID_COLUMN, REASON_COLUMN, Arrangement
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.not_csv import other_than_csv
from santander.schema.columns import COLUMNS, LEGAL_HEADERS, PRODUCT_COLUMNS
from santander.storage.kinds import HEAD
from santander.storage.places import Place

BOM = b"\xef\xbb\xbf"
_LONGEST_HEADER = 16_384
"""Bytes in which a header must end; both legal ones are far shorter."""
_SHOWN_NAMES, _SHOWN_TEXT = 6, 60
"""Names that one line lists, and characters of a text that it shows."""
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "blanks", ":": "colons", "^": "carets", "~": "tildes"}
_DECLARED_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_VALUE = re.compile(r"\d{4}-\d{2}-\d{2}.*|-?\d+(\.\d*)?")
_OWN_ORDER = re.compile(r"Unnamed: \d+|")
"""Names of a column that has none, such as the index that pandas writes."""
_NAMES = {name: name for name in LEGAL_HEADERS[0]}
_ENGLISH = {column.name: column.source for column in COLUMNS}
_PRODUCTS = {column.source for column in PRODUCT_COLUMNS}
_RULE = "the header must be the 48 columns of the training file or the first 24 of them"


def read_header(path: Place, source: BinaryIO, *, corrections: bool) -> tuple[bytes, Arrangement]:
    """Return the first line of plain bytes, with its end, and the arrangement of the columns. Raises LandingFileRefused.

    A file of ``corrections`` may have the quarantine id before the columns and the reason after them.
    """
    head = source.read(_LONGEST_HEADER)
    line = head[: head.find(b"\n") + 1] or head
    names = _names(line)
    arrangement = Arrangement.of(names)
    if arrangement is None:
        raise _refusal(path, head, line, names, corrections=corrections)
    if (arrangement.has_id or arrangement.has_reason) and not corrections:
        hint = "'santander quarantine --replay' takes it in"
        raise LandingFileRefused(path, "is a file of corrections", column=names[0], line=1, hint=hint)
    if line == head:
        hint = "name a file with records below the header"
        raise LandingFileRefused(path, "has a header but no records", line=1, hint=hint)
    return line, arrangement


def _names(line: bytes) -> tuple[str, ...]:
    """Return the names in a first line; the whole line where it cannot be split."""
    text = _text(line)
    fields = _split(text, ",")
    return (text,) if fields is None else tuple(field.strip() for field in fields)


def _text(line: bytes) -> str:
    return line.removeprefix(BOM).decode(errors="replace").rstrip("\r\n")


def _split(text: str, separator: str) -> list[str] | None:
    try:
        fields = next(csv.reader([text + "\n"], delimiter=separator)) or [""]
    except csv.Error:  # a carriage return stands inside
        return None
    return None if fields[-1].endswith("\n") else fields  # a quote is left open


def _refusal(path: Place, head: bytes, line: bytes, names: tuple[str, ...], *, corrections: bool) -> LandingFileRefused:
    if not head.removeprefix(BOM).strip():
        return LandingFileRefused(path, "the file is empty", hint="name a file with the header in line 1 and records below it")
    if (known := other_than_csv(head[:HEAD])) is not None:
        return LandingFileRefused(path, known.what, example=known.example, hint=known.hint)
    text = _text(line)
    if found := _no_header(line, text):
        rule, hint = found
        return LandingFileRefused(path, rule, example=text[:_SHOWN_TEXT] or None, line=1, hint=hint)
    return _other_separator(path, text) or _other_names(path, text, names, corrections=corrections)


def _no_header(line: bytes, text: str) -> tuple[str, str] | None:
    """What keeps a first line from being a header at all, and what to do."""
    if "\ufffd" in text:
        return "the header is not UTF-8 text: is this a csv file?", "save it as csv in UTF-8"
    if "\r" in text and b"\n" not in line:
        return "its lines end with a carriage return alone", "end them as usual (tr '\\r' '\\n' < FILE > NEW.csv)"
    if len(line) == _LONGEST_HEADER:
        return f"the first line is longer than {_LONGEST_HEADER:,} bytes: is this a csv file?", "name a csv with a header"
    if not text.strip():
        return "line 1 is empty, where the header should be", "remove the empty lines"
    return None


def _other_separator(path: Place, text: str) -> LandingFileRefused | None:
    declared = _DECLARED_SEPARATOR.fullmatch(text)
    known = _n_known(_split(text, ",") or [])
    found = max(_SEPARATORS, key=lambda each: _n_known(_split(text, each) or []))
    if declared is None and _n_known(_split(text, found) or []) <= known:
        return None
    separator = declared[1] if declared else found
    named = f"{_SEPARATORS.get(separator, 'the character')}" + (f" ({separator})" if separator.strip() else "")
    what = f"its columns are separated by {named}, not by commas" if declared is None else f"its first line declares {named}"
    hint = "save it with commas between the columns and a point in decimal numbers"
    hint += ", without any line before the header" if declared else ""
    return LandingFileRefused(path, what, example=text[:_SHOWN_TEXT], line=1, hint=hint)


def _other_names(path: Place, text: str, names: tuple[str, ...], *, corrections: bool) -> LandingFileRefused:
    """The refusal of a line of names that are not the legal ones: what is missing, too many, twice or spelled otherwise."""
    own = [name for name in names if not (corrections and name in {ID_COLUMN, REASON_COLUMN})]
    if not _n_known(own) and any(_VALUE.fullmatch(name) for name in own):
        rule = f"{_RULE}, and the first line is a record"
        return LandingFileRefused(path, rule, example=text[:_SHOWN_TEXT], line=1, hint="put a line with the names above it")
    found = {name: _known_name(name) for name in own}
    twice = [name for name, n in Counter(own).items() if n > 1 and found[name]]
    spelled = {name: known for name, known in found.items() if known and known != name}
    extra = [name for name, known in found.items() if known is None]
    wanted = LEGAL_HEADERS[0 if _PRODUCTS & {*found.values()} else 1]
    missing = [name for name in wanted if name not in found.values()]
    what = f"{_RULE} ({len(own)} columns"
    hints = []
    if twice:
        what += f"; more than once {_listed(twice)}"
        hints.append("leave one of each")
    if spelled:
        what += f"; {_listed(f'{name!r} should be {known!r}' for name, known in spelled.items())}"
        hints.append(f"write the names as they are in the source, such as {next(iter(spelled.values()))}")
    if missing:
        what += f"; missing {_listed(missing)}"
        hints.append("export the missing columns too, under the names of the source")
    if extra:
        what += f"; not of the file {_listed(f'{name[:_SHOWN_TEXT]!r}' for name in extra)}"
        index = any(_OWN_ORDER.fullmatch(name) for name in extra)
        hints.append("leave the others out" + (" (pandas: to_csv(FILE, index=False))" if index else ""))
    column = next(iter([*twice, *spelled, *missing, *extra]), None)
    example = next(iter([*twice, *spelled, *extra]), text)[:_SHOWN_TEXT]
    hint = ", ".join(hints) or "name a csv with these columns"
    return LandingFileRefused(path, f"{what})", column=column, example=example, line=1, hint=hint)


def _known_name(name: str) -> str | None:
    """The legal name that a name is in another spelling, or the English name of; None for any other."""
    folded = re.sub(r"[\s-]+", "_", name.strip(" \t'\"`\ufeff\u200b").casefold())
    return _NAMES.get(folded) or _ENGLISH.get(folded)


def _n_known(names: Collection[str]) -> int:
    return sum(_known_name(name) is not None for name in names)


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(names[:_SHOWN_NAMES]) + more
