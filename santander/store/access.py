"""The feature store, opened with our settings: what jobs call."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, cast

from santander.config.family_files import own_family
from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.lake.lake import Lake
from santander.schema.features import FEATURE_SET
from santander.schema.months import Month
from santander.schema.own_family import TABLE_PREFIX
from santander.store.repository import repository_dir, repository_objects

if TYPE_CHECKING:
    from feast import FeatureService, FeatureStore
    from pyspark.sql import DataFrame

    from santander.store.offline import LakeRetrievalJob


def open_store(settings: Settings, lake: Lake, *, whatever_families: bool = False) -> "FeatureStore":
    """Feast over this lake, with the objects of the feature repository applied, which takes no time when nothing changed.

    The lake needs its session only when something is retrieved or materialized. Raises InputError for a broken file of a family;
    with ``whatever_families``, for who needs none, the objects are then those that were applied last.
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
    try:
        objects = repository_objects()
    except InputError:
        if not whatever_families:
            raise
        return store
    store.apply(objects)
    _forget_removed(store, objects)
    return store


def _forget_removed(store: "FeatureStore", objects: Collection[Any]) -> None:
    """Take the views of families that no file adds any more out of the registry, as ``feast apply`` does; none is online."""
    kept = {each.name for each in objects}
    for view in store.list_feature_views():
        table = str(getattr(view.batch_source, "table", ""))
        if view.name not in kept and table.startswith(TABLE_PREFIX):
            store.registry.delete_feature_view(view.name, store.project)
            store.registry.delete_data_source(table, store.project)


def retrieve(
    store: "FeatureStore",
    entities: "DataFrame",
    feature_set: str = FEATURE_SET,
    months: Collection[Month] | None = None,
    families: Collection[str] = (),
) -> "DataFrame":
    """The entity rows with the features that were known at their moment, lazy and distributed.

    ``entities`` holds customer_id, one date or timestamp column that is the moment (for a training row the snapshot
    date of its month) and anything else, such as a label, which passes through. The features follow in the order and
    with the types of the declaration; all of them are null where the customer has no features of that month. Those of a
    user's ``families`` come last, the families by name; those of a province or a segment are of the customer's own in that month.

    Which partitions to read is told by the moments. Where the caller knows of which ``months`` all rows are, as of their
    snapshot dates, they need not be looked for, which would run the query of the entity rows twice.
    Raises InputError for a family without a file, and for a month of one that was not built or is out of date.
    """
    from santander.store.entity_rows import RowsOfMonths

    service = store.get_feature_service(feature_set)
    rows = entities if months is None else RowsOfMonths(entities, tuple(months))
    features = service if not families else [*_references(service), *_own_references(families)]
    job = store.get_historical_features(entity_df=cast("Any", rows), features=features)
    return cast("LakeRetrievalJob", job).to_spark_df()


def _references(service: "FeatureService") -> Iterator[str]:
    for view in service.feature_view_projections:
        yield from (f"{view.name}:{feature.name}" for feature in view.features)


def _own_references(families: Collection[str]) -> Iterator[str]:
    for family in map(own_family, sorted(families)):
        yield from (f"{family.name}:{feature.name}" for feature in family.features)
