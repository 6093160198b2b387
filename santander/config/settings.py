"""One frozen, typed settings object: ``conf/base``, then ``conf/local``, then the environment, then options."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

from santander.config.conf_folders import conf_layers
from santander.config.named_folders import called, no_file
from santander.config.sections import (
    AuditSettings,
    CrossValidationSettings,
    ErasureSettings,
    ExpectationSettings,
    FeatureSettings,
    GateSettings,
    IngestSettings,
    KaggleSettings,
    LockSettings,
    LogSettings,
    MaintenanceSettings,
    MemorySettings,
    MlflowSettings,
    QualitySettings,
    SparkSettings,
    StoreSettings,
    TrainingSettings,
    TuningSettings,
)
from santander.errors import InputError
from santander.storage.bucket import BucketPath
from santander.storage.place_names import local_path
from santander.storage.places import Place, folder_place

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
    ingest: IngestSettings
    quality: QualitySettings
    expectations: ExpectationSettings
    training: TrainingSettings
    gate: GateSettings
    cross_validation: CrossValidationSettings
    tuning: TuningSettings
    kaggle: KaggleSettings
    mlflow: MlflowSettings
    features: FeatureSettings
    store: StoreSettings
    spark: SparkSettings
    audit: AuditSettings
    maintenance: MaintenanceSettings
    erasure: ErasureSettings
    locks: LockSettings
    logs: LogSettings
    memory: MemorySettings

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
                f"settings: {wrong}", hint="correct it in conf/local, or the variable that gives it (docs/configuration.md)"
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
