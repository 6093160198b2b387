"""Feast's objects and ours: features as fields, and views that read the same rows of the same source as one lookup."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from feast import FeatureView, Field
from feast.data_source import DataSource
from feast.types import Bool, FeastType, Float64, Int32, Int64
from feast.utils import _get_requested_feature_views_to_features_dict

from santander.errors import InputError
from santander.schema.features import Feature
from santander.store.point_in_time import Lookup

_FEAST_TYPES: dict[str, FeastType] = {
    "boolean": Bool,
    "tinyint": Int32,
    "smallint": Int32,
    "int": Int32,
    "bigint": Int64,
    "double": Float64,
}
"""Spark SQL type to Feast type; Feast has no integers under 32 bits. Retrieved frames keep the Spark type."""


def feast_fields(features: Iterable[Feature]) -> list[Field]:
    """Return one field a feature, in order, with its meaning."""
    return [Field(name=each.name, dtype=_FEAST_TYPES[each.type], description=each.meaning) for each in features]


SPACING_TAG = "days_between_rows"
"""Tag of a source: rows of one key are at least so many days apart."""


def lookups_of(views: Sequence[FeatureView], refs: Sequence[str], *, full_names: bool) -> list[tuple[DataSource, Lookup]]:
    """Return one lookup for all views with equal source, keys and time to live, in the order they are first named.

    ``refs`` are Feast's feature references, ``view:feature``; with ``full_names`` a feature comes out as ``view__feature``.
    """
    grouped: dict[tuple[str, Lookup], tuple[DataSource, Lookup]] = {}
    requested, _ = _get_requested_feature_views_to_features_dict(list(refs), list(views), [])
    for view, names in requested.items():
        source = source_of(view)
        way = _way_of(view, source)
        prefix = f"{view.projection.name_to_use()}__" if full_names else ""  # type: ignore[no-untyped-call]
        columns = _columns_by_feature(source)
        features = tuple((columns.get(name, name), prefix + name) for name in names)
        _, lookup = grouped.get((source.name, way), (source, way))
        grouped[source.name, way] = (source, replace(lookup, features=lookup.features + features))
    return list(grouped.values())


def output_names(refs: Sequence[str], *, full_names: bool) -> list[str]:
    """The names under which the references come out, in their order."""
    return [ref.replace(":", "__") if full_names else ref.split(":")[1] for ref in refs]


def spacing_of(source: DataSource) -> dt.timedelta | None:
    """Return the distance of the source's rows as its tag tells it; None without a tag."""
    days = source.tags.get(SPACING_TAG)
    return dt.timedelta(days=float(days)) if days else None


def source_of(view: FeatureView) -> DataSource:
    """The table a view reads; raises InputError for a view without one, which Feast would allow."""
    if view.batch_source is None:
        raise InputError(f"feature view {view.name} has no source", hint="give it one in feature_repo, then 'feast apply'")
    return view.batch_source


def _way_of(view: FeatureView, source: DataSource) -> Lookup:
    columns = _columns_by_feature(source)
    renamed = view.projection.join_key_map
    return Lookup(
        keys=tuple((columns.get(key.name, key.name), renamed.get(key.name, key.name)) for key in view.entity_columns),
        stamp=source.timestamp_field,
        features=(),
        ttl=view.ttl or None,
        created=source.created_timestamp_column or None,
        spacing=spacing_of(source),
    )


def _columns_by_feature(source: DataSource) -> dict[str, str]:
    return {feature: column for column, feature in source.field_mapping.items()}
