"""The feature repository: where it lies, and the settings it goes by when Feast's own command line opens it."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from santander.config.settings import Settings
from santander.errors import InputError


def repository_dir() -> Path:
    """The folder ``feature_repo``: beside the package in a checkout, inside it when installed from a wheel."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "feature_repo"
    return shipped if shipped.is_dir() else package.parent / "feature_repo"


def repository_settings() -> Settings:
    """The settings for Feast's command line, which has no options of ours: environment, conf/local, conf/base.

    Feast runs inside ``feature_repo``, so relative folders count from the checkout and not from the current folder.
    Raises InputError when there is no checkout to count from and no absolute folder is given.
    """
    settings = Settings.load()
    relative = {
        name: folder
        for name in ("data_dir", "state_dir")
        if (folder := getattr(settings, name)) is not None and "://" not in folder and not Path(folder).is_absolute()
    }
    if settings.in_bucket and settings.state_dir is None:
        relative["state_dir"] = "state"
    if not relative:
        return settings
    checkout = repository_dir().parent
    if not (checkout / "pyproject.toml").is_file():
        raise InputError(
            "feast is called without a data folder",
            hint="set SANTANDER_DATA_DIR (and SANTANDER_STATE_DIR, if used) to absolute folders before calling feast",
        )
    return Settings.load(**{name: str(checkout / folder) for name, folder in relative.items()})


def repository_objects() -> list[Any]:
    """The Feast objects of the repository, from the same file that ``feast apply`` reads."""
    module = _load(repository_dir() / "next_products.py")
    return [*module.ENTITIES, *module.SOURCES, *module.VIEWS, *module.SERVICES]


def _load(file: Path) -> "ModuleType":
    spec = importlib.util.spec_from_file_location("feature_repo_" + file.stem, file)
    if spec is None or spec.loader is None:
        raise InputError(
            f"the feature repository has no file {file}", file=file, hint="restore it by 'git checkout feature_repo'"
        )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
