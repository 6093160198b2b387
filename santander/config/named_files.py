"""Files of ``conf`` that are chosen by name: ``conf/local/FOLDER/NAME.yaml``, else the one of ``conf/base``."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from santander.config.conf_folders import conf_layers
from santander.errors import InputError, did_you_mean


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
