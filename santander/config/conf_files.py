"""The files of ``conf``, those that ship with the code and a user's own: where they lie, and those that are chosen by name."""

import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from santander.errors import InputError, did_you_mean


def conf_dir() -> Path:
    """The folder with ``base/`` and ``local/``: SANTANDER_CONF_DIR, else the one shipped with the code."""
    if named := os.environ.get("SANTANDER_CONF_DIR"):
        return Path(named)
    package = Path(__file__).resolve().parent.parent
    shipped = package / "conf"
    return shipped if shipped.is_dir() else package.parent / "conf"


def local_conf_dir() -> Path:
    """The folder of what is a user's own: SANTANDER_CONF_LOCAL, else ``local`` of the conf folder.

    Raises InputError where SANTANDER_CONF_LOCAL names no folder.
    """
    named = os.environ.get("SANTANDER_CONF_LOCAL")
    if not named:
        return conf_dir() / "local"
    if not Path(named).is_dir():
        raise InputError(f"SANTANDER_CONF_LOCAL={named} is no folder", hint="make it, or unset the variable to use conf/local")
    return Path(named)


def conf_layers() -> tuple[Path, Path]:
    """The folders that settings and named files are sought in, the user's own first."""
    return local_conf_dir(), conf_dir() / "base"


def read_conf_file(folder: str, name: str, what: str) -> dict[str, Any]:
    """The content of a file; ``what`` is what messages call it. Raises InputError in one line."""
    path = _file(folder, name)
    if path is None:
        found = {path.stem for layer in conf_layers() for path in (layer / folder).glob("*.yaml")}
        raise InputError(f"there is no {what} '{name}'", example=name, hint=did_you_mean(name, sorted(found)))
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{what} {path.name}: {' '.join(str(error).split())}", file=path, hint=f"correct {path}") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InputError(f"{what} {path.name}: it must hold names and values", file=path, hint=f"correct {path}")
    return content


def _file(folder: str, name: str) -> Path | None:
    return next((path for layer in conf_layers() if (path := layer / folder / f"{name}.yaml").is_file()), None)


def wrong_file(folder: str, name: str, what: str, error: ValidationError | InputError) -> InputError:
    """Return the refusal of a file whose content is not what it must be."""
    path = _file(folder, name)
    return InputError(f"{what} {name}.yaml: {_told(error)}", file=path, hint=f"correct {path}")


def _told(error: ValidationError | InputError) -> str:
    """Return the errors, place by place, in one line. Of a list whose items are wrong only the items are named."""
    if isinstance(error, InputError):
        return str(error)
    wrong = error.errors()
    places = [e["loc"] for e in wrong]
    inner = [e for e in wrong if not any(len(other) > len(e["loc"]) and other[: len(e["loc"])] == e["loc"] for other in places)]
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in inner)
