"""One frozen, typed settings object: ``conf/base``, then ``conf/local``, then the environment, then options."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

from santander.config import sections
from santander.config.conf_files import conf_layers
from santander.errors import InputError
from santander.storage.bucket import BucketPath
from santander.storage.places import Place, folder_place, local_path

T = TypeVar("T")


def no_file(text: str) -> Path:
    """The folder of this name, which may be missing. Raises InputError where it, or a folder above it, is a file."""
    folder = Path(text)
    there = nearest(folder)
    if not there.is_dir():
        raise InputError(f"{there} is a file, and a folder is meant", hint="name a folder")
    return folder


def called(option: str, text: str, read: Callable[[str], T]) -> T:
    """Return ``read(text)``; an InputError that it raises begins with the option that gave the text."""
    try:
        return read(text)
    except InputError as error:
        raise InputError(f"{option}: {error}", hint=error.hint) from None


def nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    there = folder.absolute()
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    return there.resolve() if there.exists() else there.parent


EMBEDDED = "sail"
"""The master that names the engine inside the process."""


class Settings(BaseSettings):
    """Everything a verb may be told. ``Settings.load()`` is the only way it is made."""

    model_config = SettingsConfigDict(
        env_prefix="SANTANDER_", env_nested_delimiter="__", frozen=True, extra="forbid", nested_model_default_partial_update=True
    )

    data_dir: str
    state_dir: str | None
    master: str
    ingest: sections.IngestSettings
    quality: sections.QualitySettings
    expectations: sections.ExpectationSettings
    training: sections.TrainingSettings
    gate: sections.GateSettings
    cross_validation: sections.CrossValidationSettings
    tuning: sections.TuningSettings
    offers: sections.OfferSettings
    kaggle: sections.KaggleSettings
    mlflow: sections.MlflowSettings
    features: sections.FeatureSettings
    store: sections.StoreSettings
    spark: sections.SparkSettings
    audit: sections.AuditSettings
    maintenance: sections.MaintenanceSettings
    erasure: sections.ErasureSettings
    locks: sections.LockSettings
    logs: sections.LogSettings
    memory: sections.MemorySettings
    reasons: sections.ReasonSettings
    serving: sections.ServingSettings

    @classmethod
    def load(cls, **options: Any) -> "Settings":
        """Read the layers; ``options`` from the command line win, those that are None do not count.

        Raises InputError in one line that names each setting that is wrong.
        """
        given = {name: value for name, value in options.items() if value is not None}
        try:
            settings = cls(**given)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise InputError(
                f"settings: {wrong}", hint="correct it in conf/local, or the variable that gives it (docs/settings.md)"
            ) from None
        settings._check_folders()
        return settings

    def _check_folders(self) -> None:
        """Raise InputError for what can be no data folder, state folder or folder to spill to."""
        if self.state_dir is not None and "://" in self.state_dir:
            raise InputError(f"--state-dir {self.state_dir}: registries and logs lie in a local folder", hint="name a local one")
        called("--data-dir", self.data_dir, folder_place)
        if self.state_dir is not None:
            called("--state-dir", self.state_dir, local_path)
        if self.memory.spill_dir is not None:
            called("memory.spill_dir", self.memory.spill_dir, local_path)
        folders = {"--data-dir": self.data, "--state-dir": self.state, "memory.spill_dir": self.memory.spill_dir}
        for option, folder in folders.items():
            if folder is not None and not isinstance(folder, BucketPath):
                called(option, str(folder), no_file)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the signature is pydantic's)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options, environment, conf/local, conf/base: the first that names a setting wins."""
        layers = [YamlConfigSettingsSource(settings_cls, yaml_file=sorted(folder.glob("*.yaml"))) for folder in conf_layers()]
        return (init_settings, env_settings, *layers)

    @property
    def is_embedded(self) -> bool:
        """Whether the engine runs inside the process; every other master is one of Apache Spark."""
        return self.master == EMBEDDED

    @property
    def in_bucket(self) -> bool:
        """Whether the data folder lies in an object store."""
        return isinstance(self.data, BucketPath)

    @property
    def state(self) -> Path:
        """Local folder of the SQLite files, the Feast registry, locks and logs."""
        if self.state_dir is not None:
            return Path(self.state_dir).absolute()
        data = self.data
        return (data if isinstance(data, Path) else Path()).absolute() / "state"

    @property
    def data(self) -> Place:
        """The data folder: an absolute local path, or bucket and prefix."""
        place = folder_place(self.data_dir)
        return place.absolute() if isinstance(place, Path) else place

    @property
    def lake(self) -> str:
        """Return the address of the folder of the Delta tables, one folder a table."""
        return str(self.data / "lake")  # s3a:// for both engines and deltalake
