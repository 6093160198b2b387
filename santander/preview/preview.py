"""A family's rows of one month, made in passing: how its values lie, and what they tell of the month's additions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from santander.errors import InputError
from santander.features.own.build import write_rows
from santander.features.own.contents import check_rows
from santander.features.own.leakage import check_family
from santander.features.own.refusal import WrongFamily
from santander.lake.lake import Lake
from santander.lake.staging import OF_FAMILIES, staging
from santander.preview.relation import ProductRelation, bins_of, relations
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month
from santander.schema.own_family import OwnFamily, OwnFeature
from santander.schema.types import arrow_schema

if TYPE_CHECKING:
    from santander.config.sections import FeatureSettings, PreviewSettings


@dataclass(frozen=True, slots=True)
class FeaturePreview:
    """One feature: its values over the rows of the family, and by bins over the customers whose additions are known."""

    name: str
    type: str
    nulls: float
    """The share of rows without a value."""
    least: float | None
    median: float | None
    most: float | None
    distinct: int
    bins: Sequence[str] = ()
    customers: Sequence[int] = ()
    """By bin the customers whose products are known in both months."""
    products: Sequence[ProductRelation] = ()
    """Products with enough additions, that of the greatest information value first."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The rows of a family in a month; nothing of them stays."""

    family: str
    file: Path
    month: Month
    entity: str
    rows: int
    additions: int | None
    """Additions of the month, None where products are not known in it and the month before."""
    features: Sequence[FeaturePreview]
    problem: str | None = None
    """Why the family will be refused when it is built, as it sees what it must not; None where nothing is known against it."""


def preview(lake: Lake, family: OwnFamily, month: Month, settings: "FeatureSettings") -> Preview:
    """Make the rows of a month and look at them; raises InputError for a month without customers and for wrong code."""
    lake.require_customers([month])
    with lake.carrying_persons():
        found = _preview(lake, family, month, settings.preview)
        try:
            check_family(lake, family, settings.checked_customers)
        except WrongFamily as problem:
            return replace(found, problem=str(problem))
        return found


def _preview(lake: Lake, family: OwnFamily, month: Month, settings: "PreviewSettings") -> Preview:
    with staging(lake, OF_FAMILIES) as folder:
        write_rows(lake, family, month, folder / str(month))
        made = lake.read_staged(arrow_schema(family.table.columns), folder / str(month))
        check_rows(family, made)
        rows = made.toArrow()
    people = _customers_with(lake, family, rows, month)
    features = [_values(feature, rows[feature.name]) for feature in family.features]
    if people is None:
        return Preview(family.name, family.file, month, family.entity.value, rows.num_rows, None, features)
    before, now = (people[name].to_numpy().astype(np.int64) for name in ("_before", "_now"))
    related = []
    for feature in features:
        bins = bins_of(people[feature.name], settings.bins, settings.values)
        customers = np.bincount(bins.of, minlength=len(bins.labels)).tolist()
        told = relations(bins, before, now, settings.least_additions)
        related.append(replace(feature, bins=bins.labels, customers=customers, products=told))
    added = int(np.bitwise_count(now & ~before).sum())
    return Preview(family.name, family.file, month, family.entity.value, rows.num_rows, added, related)


def latest_with_additions(lake: Lake) -> Month:
    """Return the last month whose additions are known; the last of all where none is. Raises InputError without any month."""
    months = lake.months(CUSTOMERS)
    if not months:
        raise InputError("there are no customers yet", hint="'santander ingest FILE' takes in a landing file")
    return next((month for month in reversed(months) if month - 1 in months and _has_products(lake, month)), months[-1])


def _has_products(lake: Lake, month: Month) -> bool:
    return bool(lake.read_months(CUSTOMERS, [month]).where("holdings IS NOT NULL").limit(1).count())


def _values(feature: OwnFeature, values: pa.ChunkedArray) -> FeaturePreview:
    known = values.drop_null().cast(pa.float64()).to_numpy()
    least, median, most = np.quantile(known, [0, 0.5, 1]).tolist() if known.size else (None, None, None)
    nulls = values.null_count / len(values) if len(values) else 0.0
    distinct = pc.count_distinct(values, mode="only_valid").as_py()
    return FeaturePreview(feature.name, feature.type, nulls, least, median, most, distinct)


def _customers_with(lake: Lake, family: OwnFamily, rows: pa.Table, month: Month) -> pa.Table | None:
    """Return customers with their features and holdings, ``_now`` and ``_before``, where those of both months are known.

    None where there are none: a month delivered without products, or without a month before.
    """
    key = family.entity.value
    if month - 1 not in lake.months(CUSTOMERS):
        return None
    names = dict.fromkeys(("customer_id", key))
    now = lake.read_months(CUSTOMERS, [month]).where("holdings IS NOT NULL").selectExpr(*names, "holdings AS _now").toArrow()
    before = lake.read_months(CUSTOMERS, [month - 1]).where("holdings IS NOT NULL")
    both = now.join(before.selectExpr("customer_id", "holdings AS _before").toArrow(), "customer_id", join_type="inner")
    if not both.num_rows:
        return None
    return both.join(rows.drop_columns(["snapshot_date"]), key, join_type="left outer")
