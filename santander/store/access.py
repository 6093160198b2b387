"""The feature store, opened with our settings: what jobs call."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.lake.lake import Lake
from santander.schema.features import FEATURE_SET
from santander.schema.months import Month
from santander.store.repository import repository_dir, repository_objects

if TYPE_CHECKING:
    from feast import FeatureStore
    from pyspark.sql import DataFrame

    from santander.store.offline import LakeRetrievalJob


def open_store(settings: Settings, lake: Lake) -> "FeatureStore":
    """Feast over this lake, with the objects of the feature repository applied, which takes no time when nothing changed.

    The lake needs its session only when something is retrieved or materialized.
    """
    from santander.engine.startup import import_feast

    import_feast()
    import yaml
    from feast import FeatureStore, RepoConfig
    from google.protobuf.message import DecodeError

    from santander.store.offline import LakeOfflineStoreConfig
    from santander.store.online import online_config, registry_file

    as_written = yaml.safe_load((repository_dir() / "feature_store.yaml").read_text(encoding="utf-8"))
    config = RepoConfig(
        **as_written
        | {
            "registry": as_written["registry"] | {"path": str(registry_file(settings))},
            "offline_store": LakeOfflineStoreConfig(lake=lake),
            "online_store": online_config(settings),
        }
    )
    try:
        store = FeatureStore(config=config)
        # Feast would refuse to read online as long as a month is being written; a row here is whole and says its month
        store.registry.serve_features_while_materializing = True
    except DecodeError as error:
        file = registry_file(settings)
        raise SantanderError(
            f"{file} should be Feast's registry and cannot be read", file=file, hint="delete it, it is written anew"
        ) from error
    store.apply(repository_objects())
    return store


def retrieve(
    store: "FeatureStore",
    entities: "DataFrame",
    feature_set: str = FEATURE_SET,
    months: Collection[Month] | None = None,
) -> "DataFrame":
    """The entity rows with the features that were known at their moment, lazy and distributed.

    ``entities`` holds customer_id, one date or timestamp column that is the moment (for a training row the snapshot
    date of its month) and anything else, such as a label, which passes through. The features follow in the order and
    with the types of the declaration; all of them are null where the customer has no features of that month.

    Which partitions to read is told by the moments. Where the caller knows of which ``months`` all rows are, as of their
    snapshot dates, they need not be looked for, which would run the query of the entity rows twice.
    """
    from santander.store.entity_rows import RowsOfMonths

    service = store.get_feature_service(feature_set)
    rows = entities if months is None else RowsOfMonths(entities, tuple(months))
    job = store.get_historical_features(entity_df=cast("Any", rows), features=service)
    return cast("LakeRetrievalJob", job).to_spark_df()
