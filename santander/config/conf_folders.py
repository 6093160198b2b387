"""Where the files of ``conf`` lie: those that ship with the code, and a user's own."""

import os
from pathlib import Path

from santander.errors import InputError


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
