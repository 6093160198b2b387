"""Commands that an error line names, with the folders that the user named: without them they would be about another bank."""

import shlex
from collections.abc import Mapping

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
