"""Feast's compute engine for materialize: rows stream from the engine through the driver, a batch at a time.

Feast's local engine holds the whole view as one Arrow table and as one list of messages; its Spark engine writes from
the workers, which cannot reach a SQLite file of the driver. This one holds a batch, on either engine, for any store.
"""

import datetime as dt
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from feast import FeatureView, Field
from feast.infra.common.materialization_job import MaterializationJobStatus, MaterializationTask
from feast.infra.compute_engines.base import ComputeEngine
from feast.infra.compute_engines.local.job import LocalMaterializationJob
from feast.infra.registry.base_registry import BaseRegistry
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import python_values_to_proto_values
from feast.utils import _get_column_names
from tqdm import tqdm  # type: ignore[import-untyped]

from santander.store.lookups import source_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from santander.store.offline import LakeRetrievalJob

ROWS_AT_A_TIME = 20_000
"""When feature_store.yaml names no ``online_write_batch_size``."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Columns = dict[str, tuple[Any, ...]]
OnlineRow = tuple[EntityKey, dict[str, Value], dt.datetime, dt.datetime | None]


class StreamingComputeEngine(ComputeEngine):
    """Named as ``batch_engine`` in feature_store.yaml; needs no resources of its own."""

    def update(self, *_: Any, **__: Any) -> None:
        """There is nothing to set up."""

    def teardown_infra(self, *_: Any, **__: Any) -> None:
        """There is nothing to take down."""

    def _materialize_one(self, registry: BaseRegistry, task: MaterializationTask, **_: Any) -> LocalMaterializationJob:
        """Write the latest row of each entity, stamped within the task's times, to the online store."""
        view = task.feature_view
        entities = [registry.get_entity(name, task.project) for name in view.entities]
        keys, features, stamp, created = _get_column_names(view, entities)
        pulled = self.offline_store.pull_latest_from_table_or_query(
            config=self.repo_config,
            data_source=source_of(view),
            join_key_columns=keys,
            feature_name_columns=features,
            timestamp_field=stamp,
            created_timestamp_column=created,
            start_date=task.start_time,
            end_date=task.end_time,
        )
        size = self.repo_config.materialization_config.online_write_batch_size or ROWS_AT_A_TIME
        with tqdm(desc=view.name, disable=None) as progress:  # shown on a terminal only
            for columns in _batches(cast("LakeRetrievalJob", pulled).to_spark_df(), stamp, size):
                rows = _online_rows(view, stamp, columns)
                self.online_store.online_write_batch(self.repo_config, view, rows, None)
                progress.update(len(rows))
        return LocalMaterializationJob(f"{view.name}-{task.start_time}-{task.end_time}", MaterializationJobStatus.SUCCEEDED)


def _batches(frame: "DataFrame", stamp: str, size: int) -> Iterator[Columns]:
    from pyspark.sql import functions as F

    # as a number, because a timestamp would reach Python in the time zone of the machine
    rows = frame.withColumn(stamp, F.unix_micros(F.col(stamp).cast("timestamp"))).toLocalIterator()
    while batch := list(islice(rows, size)):
        yield dict(zip(frame.columns, zip(*batch, strict=True), strict=True))


def _online_rows(view: FeatureView, stamp: str, columns: Columns) -> list[OnlineRow]:
    def values(field: Field) -> list[Value]:
        return python_values_to_proto_values(list(columns[field.name]), field.dtype.to_value_type())

    key_names = [key.name for key in view.entity_columns]
    feature_names = [feature.name for feature in view.features]
    keys = zip(*map(values, view.entity_columns), strict=True)
    features = zip(*map(values, view.features), strict=True)
    moments = (_EPOCH + dt.timedelta(microseconds=micros) for micros in columns[stamp])
    return [
        (EntityKey(join_keys=key_names, entity_values=key), dict(zip(feature_names, row, strict=True)), moment, None)
        for key, row, moment in zip(keys, features, moments, strict=True)
    ]
