"""An error as its one line, and as the object that ``--json`` prints in place of a result."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

from santander.cli.commands_to_copy import with_options
from santander.errors import SantanderError


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
