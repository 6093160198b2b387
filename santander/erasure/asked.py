"""Whom a user asks to forget."""

from collections.abc import Sequence
from pathlib import Path

from santander.errors import InputError

_LONGEST = 18


def asked_ids(named: Sequence[int], file: Path | None) -> list[int]:
    """The ids of the command line and of the file, each once; raises InputError for a line that is no id, and for none at all."""
    ids = set(named)
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: cannot be read as a text file of ids ({error})") from None
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if not text:
                continue
            if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST and int(text)):
                raise InputError(f"{file}: line {number} is not a customer id")
            ids.add(int(text))
    if not ids:
        raise InputError("name at least one customer, or a file of ids with --from-file")
    if max(ids) >= 10**_LONGEST:
        raise InputError(f"a customer id has at most {_LONGEST} digits")
    return sorted(ids)
