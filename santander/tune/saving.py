"""Keeps the recipe of the best trial as a file of conf/local, where ``train`` and ``run`` find it."""

import os
import re
from pathlib import Path

import yaml

from santander.config.conf_files import conf_dir, local_conf_dir
from santander.errors import InputError
from santander.training.recipe import Recipe

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_WRITABLE = "make it writable, or name another by SANTANDER_CONF_LOCAL"
_HEADER = "# Written by 'santander tune', study "


def check_name(name: str) -> None:
    """Raise InputError for what cannot be the name of a recipe of conf/local."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"--save-as {name}: a name of a recipe has letters, digits, _ and -", example=name, hint="choose another name"
        )
    if (conf_dir() / "base" / "recipes" / f"{name}.yaml").exists():
        raise InputError(f"--save-as {name}: there is a recipe of that name in conf/base", hint="choose another name")


def place_for(name: str, study: str) -> Path:
    """The file a recipe of this name goes to; raises InputError when it is taken by another recipe or cannot be written."""
    check_name(name)
    path = local_conf_dir() / "recipes" / f"{name}.yaml"
    if path.exists() and not path.read_text().startswith(f"{_HEADER}{study}"):
        raise InputError(f"--save-as {name}: {path} is another recipe", hint="remove it or choose another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--save-as {name}: {path.parent} cannot be made ({error.strerror})", hint=_WRITABLE) from None
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"--save-as {name}: {path.parent} cannot be written", hint=_WRITABLE)
    return path


def save(recipe: Recipe, path: Path, study: str, comment: str) -> None:
    """Write the recipe; what is there is replaced whole."""
    content = recipe.model_dump(mode="json", by_alias=True, exclude={"name"})
    content["settings"].pop("families", None)  # their files say it
    for stretch in content["months"]:
        if not stretch["products"]:
            del stretch["products"]
    text = f"{_HEADER}{study}:\n# {comment}.\n" + yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=120)
    scratch = path.with_suffix(".part")
    scratch.write_text(text)
    scratch.replace(path)
