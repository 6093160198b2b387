"""Files of ``conf`` that are chosen by name: ``conf/local/FOLDER/NAME.yaml``, else the one of ``conf/base``."""

from typing import Any

import yaml
from pydantic import ValidationError

from santander.config.conf_folders import conf_layers
from santander.errors import InputError


def read_conf_file(folder: str, name: str, what: str) -> dict[str, Any]:
    """The content of a file; ``what`` is what messages call it. Raises InputError in one line."""
    for path in (layer / folder / f"{name}.yaml" for layer in conf_layers()):
        if path.is_file():
            break
    else:
        found = {path.stem for layer in conf_layers() for path in (layer / folder).glob("*.yaml")}
        raise InputError(f"there is no {what} '{name}': there are {', '.join(sorted(found)) or 'none'}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{what} {path.name}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InputError(f"{what} {path.name}: it must hold names and values")
    return content


def told(error: ValidationError) -> str:
    """Return the errors, place by place, in one line. Of a list whose items are wrong only the items are named."""
    wrong = error.errors()
    places = [e["loc"] for e in wrong]
    inner = [e for e in wrong if not any(len(other) > len(e["loc"]) and other[: len(e["loc"])] == e["loc"] for other in places)]
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in inner)
