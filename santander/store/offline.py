"""Feast's offline store over our Delta tables: a subclass of its Spark store that runs on both engines.

What differs from Feast's own (docs/adr/0003-feast-offline-store.md): the session comes from ``engine/session.py`` and its
settings are left alone, a source names a table of our catalogue, views of one source share one join, and what is
retrieved stays a frame.
"""

import atexit
import datetime as dt
import logging
import warnings
from collections.abc import Iterable
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

from feast import FeatureView, RepoConfig
from feast.data_source import DataSource
from feast.infra.offline_stores.contrib.spark_offline_store.spark import (
    SparkOfflineStore,
    SparkOfflineStoreConfig,
    SparkRetrievalJob,
)
from feast.infra.offline_stores.offline_store import RetrievalMetadata
from feast.infra.registry.base_registry import BaseRegistry
from pydantic import Field, StrictStr

from santander.config.family_files import own_families
from santander.engine.session import open_session
from santander.errors import InputError, did_you_mean
from santander.lake.lake import Lake
from santander.ledger.own_families import refuse_unfit_families
from santander.schema.catalogue import CUSTOMERS, PARTITION, TABLES, Table
from santander.schema.own_family import TABLE_PREFIX
from santander.store.entity_rows import check_columns, entity_frame, moment_column, moments_asked
from santander.store.lookups import lookups_of, output_names, spacing_of
from santander.store.own_keys import by_own_keys, own_keys
from santander.store.point_in_time import (
    Lookup,
    Moments,
    each_is_its_own_stamp,
    join_as_of,
    latest_within,
    midnight,
    rows_that_can_match,
    spans_of,
)
from santander.store.repository import repository_settings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

# said once for every source that is made or read from the registry; our tests are what we rely on instead
warnings.filterwarnings("ignore", "The spark data source API is an experimental feature", RuntimeWarning)


class LakeRetrievalJob(SparkRetrievalJob):
    """A frame that was planned and not run. ``to_spark_df`` gives it away as it is."""

    def __init__(
        self,
        frame: "DataFrame",
        config: RepoConfig,
        *,
        full_feature_names: bool = False,
        metadata: RetrievalMetadata | None = None,
    ) -> None:
        super().__init__(frame.sparkSession, query="", full_feature_names=full_feature_names, config=config, metadata=metadata)
        self._frame = frame

    def to_spark_df(self) -> "DataFrame":
        """The frame, still distributed."""
        return self._frame

    def _to_arrow_internal(self, timeout: int | None = None) -> "pa.Table":  # noqa: ARG002  (the engine has no such limit)
        return self._frame.toArrow()

    def _to_df_internal(self, timeout: int | None = None) -> "pd.DataFrame":  # noqa: ARG002
        return self._frame.toPandas()


class LakeOfflineStoreConfig(SparkOfflineStoreConfig):
    """``offline_store`` of feature_store.yaml. Feast finds this class by its name: the store's, then Config."""

    type: StrictStr = "santander.store.offline.LakeOfflineStore"
    lake: Any = Field(default=None, exclude=True, repr=False)
    """The Lake with its session; without one, Feast's command line is at work, and the first query opens it."""


class LakeOfflineStore(SparkOfflineStore):
    """Answers Feast with frames over the lake. Feast calls its methods without an instance of the store."""

    supports_filter_by_created_timestamp = False

    @staticmethod
    def get_historical_features(  # type: ignore[override]
        config: RepoConfig,
        feature_views: list[FeatureView],
        feature_refs: list[str],
        entity_df: Any,
        registry: BaseRegistry,  # noqa: ARG004
        project: str,  # noqa: ARG004
        full_feature_names: bool = False,  # noqa: FBT001, FBT002
        **_: Any,
    ) -> LakeRetrievalJob:
        """Return each entity row with the features known at its moment; columns of the entity rows first, then the references."""
        lake = _lake_of(config)
        lookups = lookups_of(feature_views, feature_refs, full_names=full_feature_names)
        keys = list(dict.fromkeys(name for _, lookup in lookups for _, name in lookup.keys))
        names = output_names(feature_refs, full_names=full_feature_names)
        entities = entity_frame(lake.session, entity_df, keys)
        moment = moment_column(entities)
        wanted = [(_table_of(source), lookup) for source, lookup in lookups]
        if (own := own_keys(wanted, entities.columns)) is not None:
            wanted = [(CUSTOMERS, own), *((table, by_own_keys(lookup, own)) for table, lookup in wanted)]
            keys = [*(name for _, name in own.keys), *(key for key in keys if key not in dict(own.features))]
        check_columns(entities, keys, names)
        moments = moments_asked(entity_df, entities, moment)
        joined = entities
        for table, lookup in wanted:
            _refuse_unbuilt(lake, table, lookup, moments)
            rows = rows_that_can_match(lake.read(table), lookup, entities, moment, moments)
            joined = join_as_of(joined, moment, rows, lookup, on_the_day=_one_day_each(lake, table, lookup, moments))
        return LakeRetrievalJob(
            joined.select(*entities.columns, *names),
            config,
            full_feature_names=full_feature_names,
            metadata=RetrievalMetadata(features=feature_refs, keys=[name for name in entities.columns if name != moment]),
        )

    @staticmethod
    def pull_latest_from_table_or_query(
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None,
        start_date: dt.datetime,
        end_date: dt.datetime,
    ) -> LakeRetrievalJob:
        """Of each key the latest row stamped within the dates: what Feast writes online."""
        lookup = Lookup(
            keys=tuple((name, data_source.field_mapping.get(name, name)) for name in join_key_columns),
            stamp=timestamp_field,
            features=tuple((name, data_source.field_mapping.get(name, name)) for name in feature_name_columns),
            created=created_timestamp_column or None,
            spacing=spacing_of(data_source),
        )
        source = _lake_of(config).read(_table_of(data_source))
        return LakeRetrievalJob(latest_within(source, lookup, start_date, end_date), config)

    def validate_data_source(self, config: RepoConfig, data_source: DataSource) -> None:
        """Check a source without an engine. A table that was never written passes with a warning: apply may come first."""
        table = _table_of(data_source)
        lake = config.offline_store.lake or Lake(repository_settings())
        if not lake.exists(table):
            log.warning("source %s: there is no table at %s yet, applied all the same", data_source.name, lake.path(table))

    def get_table_column_names_and_types_from_data_source(
        self,
        config: RepoConfig,  # noqa: ARG002
        data_source: DataSource,
    ) -> Iterable[tuple[str, str]]:
        """Names and Spark types as the catalogue declares them."""
        return _table_of(data_source).columns


def _table_of(source: DataSource) -> Table:
    by_name = {table.name: table for table in (*TABLES, *(family.table for family in own_families()))}
    if (name := getattr(source, "table", None)) not in by_name:
        raise InputError(f"source {source.name} names no table of the catalogue", hint=did_you_mean(source.name, sorted(by_name)))
    return by_name[name]


def _refuse_unbuilt(lake: Lake, table: Table, lookup: Lookup, moments: Moments) -> None:
    """Raise InputError for a month of a user's family that is asked for, has customers, and was not built or is out of date."""
    if table in TABLES:
        return
    spans = spans_of(moments, lookup.ttl)
    asked = [m for m in lake.months(CUSTOMERS) if any(span.holds(midnight(m.snapshot)) for span in spans)]
    refuse_unfit_families(lake, [table.name.removeprefix(TABLE_PREFIX)], asked)


def _one_day_each(lake: Lake, table: Table, lookup: Lookup, moments: Moments) -> bool:
    """Whether every moment has one stamp that can be known then, its own day: of a monthly table the commits tell."""
    if not table.monthly or lookup.stamp != PARTITION or not lookup.at_most_one_within(lookup.ttl):
        return False
    return each_is_its_own_stamp(moments, lookup.ttl, [month.snapshot for month in lake.months(table)])


def _lake_of(config: RepoConfig) -> Lake:
    return config.offline_store.lake or _lake_of_this_process()


@cache
def _lake_of_this_process() -> Lake:
    """The lake for Feast's own command line, with a session that lasts as long as the process."""
    settings = repository_settings()
    until_exit = ExitStack()
    atexit.register(until_exit.close)
    return Lake(settings, until_exit.enter_context(open_session(settings)))
