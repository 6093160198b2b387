"""Of whom a user speaks: ids of the command line, and of a file."""

from collections.abc import Sequence
from pathlib import Path

from santander.errors import InputError, telling_line

_LONGEST = 18
_SHOWN = 40
_WANTED = "--from-file takes a text file with an id on each line"
_REMEDY = f"write digits alone, at most {_LONGEST} of them, such as 1375586"


def asked_id(text: str) -> int:
    """The id that a text is; raises InputError, which shows the text."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST and int(digits)):
        raise InputError(f"{_shown(text)} is no customer id", example=_cut(text), hint=_REMEDY)
    return int(digits)


def asked_ids(named: Sequence[int], file: Path | None, verb: str = "forget") -> list[int]:
    """The ids of the command line and of the file, each once; raises InputError for a line that is no id, and for none at all."""
    ids = set(named)
    if file is not None:
        for number, line in enumerate(_text_of(file).splitlines(), 1):
            if not line.strip():
                continue
            try:
                ids.add(asked_id(line))
            except InputError:
                raise InputError(
                    f"{file}: line {number} is not a customer id: {_shown(line)}; {_REMEDY}",
                    file=file,
                    line=number,
                    example=_cut(line),
                    hint=_REMEDY,
                ) from None
    if not ids:
        raise InputError("name at least one customer, or a file of ids with --from-file", hint=f"'santander {verb} 1375586'")
    return sorted(ids)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no file {file}", file=file, hint=_WANTED) from None
    except IsADirectoryError:
        raise InputError(f"{file} is a folder", file=file, hint=_WANTED) from None
    except UnicodeDecodeError:
        raise InputError(f"{file} cannot be read, as it is no text in UTF-8", file=file, hint=_WANTED) from None
    except OSError as error:
        raise InputError(f"{file} cannot be read ({telling_line(error)})", file=file, hint=_WANTED) from None


def _shown(text: str) -> str:
    return repr(_cut(text))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
