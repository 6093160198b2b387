"""An error as its one line, with commands that can be copied, and as the object that ``--json`` prints in place of a result."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

from santander.errors import SantanderError

_SHARED = {"data_dir": "--data-dir", "state_dir": "--state-dir", "master": "--master"}
_COMMAND = "'santander "


def with_options(line: str, options: Mapping[str, object]) -> str:
    """Return the line, and behind it the shared options as they were typed where it names a command to type without them.

    Options that come from the environment or from conf hold for the next command as well and are left out.
    """
    given = shlex.join(typed(options))
    if not given or _COMMAND not in line or _SHARED["data_dir"] in line.partition(_COMMAND)[2]:
        return line
    return f"{line} (with {given})"


def typed(options: Mapping[str, object]) -> list[str]:
    """Return the shared options as they were typed, for a command that is to be about the same bank."""
    given = ((name, options.get(key)) for key, name in _SHARED.items())
    return [word for name, value in given if value is not None for word in (name, str(value))]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The JSON object of a verb that failed; a field is null where it does not apply."""

    error: str
    """The line on standard error."""
    code: int
    """The exit code."""
    file: str | None = None
    month: str | None = None
    column: str | None = None
    """Its name in the file."""
    example: str | None = None
    """A text that is wrong, or the beginning of a line ..."""
    line: int | None = None
    """... and the line of the file it stands in; the header is line 1."""
    hint: str | None = None
    """What to do."""

    @classmethod
    def of(cls, error: SantanderError, options: Mapping[str, object]) -> Self:
        """Return what an error says; ``options`` as they were typed stand behind the commands that it names.

        What it does not say itself, an error that it came from may.
        """
        told = {name: next((value for each in _behind(error) if (value := getattr(each, name))), None) for name in _TOLD}
        if told["hint"] is not None:
            told["hint"] = with_options(told["hint"], options)
        return cls(with_options(str(error), options), error.exit_code, **told)

    def as_json(self) -> str:
        """Return the object as one line."""
        return json.dumps(asdict(self))


_TOLD = ("file", "month", "column", "example", "line", "hint")


def _behind(error: BaseException | None) -> Iterator[SantanderError]:
    """The error and those that it was raised from."""
    while error is not None:
        if isinstance(error, SantanderError):
            yield error
        error = error.__cause__ or error.__context__


def asks_for_json(words: Sequence[str]) -> bool:
    """Whether a command line has ``--json``, before the verb or after it, also one that cannot be read otherwise."""
    return "--json" in words[: words.index("--") if "--" in words else None]
