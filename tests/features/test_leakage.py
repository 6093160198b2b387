"""What must not be known is changed, and no feature may move; what may be known is changed, and some feature must.

Unknown of month M: the products of M, all of the months after, and for the history anything of M. The tables are real ones:
months of the bank in a lake of their own, changed there and built anew.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.features.build import build_features
from santander.features.expansion import ColumnPlan
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.column_groups import ColumnGroup
from santander.schema.features import FEATURE_NAMES, FEATURES, HISTORY_MONTHS, Family
from santander.schema.months import Month, month_range
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES
from santander.schema.types import arrow_schema
from santander.training.labels import labels
from tests.conftest import Bank

# one engine is enough: that both build the same features is compared elsewhere
pytestmark = pytest.mark.embedded

ASKED = Month(2016, 3)
AFTER = ASKED + 1
BEFORE = month_range(ASKED - HISTORY_MONTHS, ASKED - 1)
CUSTOMERS_TAKEN = 300

KEY = {"customer_id", "snapshot_date"}
PRODUCTS = {"holdings", *PRODUCT_NAMES}
PROFILE = {name for name, _ in CUSTOMERS.columns} - KEY - PRODUCTS

Change = Callable[[pa.Table], pa.Table]


def exchanged(columns: Iterable[str]) -> Change:
    """Every customer gets these columns of another one: the month as a whole stays as it was."""
    chosen = set(columns)

    def change(rows: pa.Table) -> pa.Table:
        others = np.random.default_rng(3).permutation(rows.num_rows)
        return _with(rows, {name: rows[name].combine_chunks().take(others) for name in rows.column_names if name in chosen})

    return change


def opposite(rows: pa.Table) -> pa.Table:
    """Everyone holds exactly the products that they did not hold."""
    flags = {name: pc.invert(rows[name]) for name in PRODUCT_NAMES}
    return _with(rows, {**flags, "holdings": pc.bit_wise_xor(rows["holdings"], pa.scalar((1 << N_PRODUCTS) - 1, pa.int32()))})


def _with(rows: pa.Table, columns: Mapping[str, pa.ChunkedArray]) -> pa.Table:
    for name, values in columns.items():
        rows = rows.set_column(rows.column_names.index(name), rows.schema.field(name), values)
    return rows


def everything(rows: pa.Table) -> pa.Table:
    return exchanged(PROFILE)(exchanged(PRODUCTS)(opposite(rows)))


@dataclass
class World:
    """A lake with some customers of the bank; features are built once for each set of changes."""

    lake: Lake
    months: dict[Month, pa.Table]
    built: dict[str, pa.Table] = field(default_factory=dict)

    def features(self, name: str, changes: Mapping[Month, Change], month: Month = ASKED) -> pa.Table:
        """The feature rows of a month after changes of some months of ``customers``, which are then undone."""
        if name not in self.built:
            self._write({changed: change(self.months[changed]) for changed, change in changes.items()})
            build_features(self.lake, [month], months_per_commit=1)
            rows = self.lake.read_months(FEATURES_TABLE, [month]).toArrow().sort_by("customer_id")
            self.built[name] = rows.select(["customer_id", *FEATURE_NAMES])
            self._write({changed: self.months[changed] for changed in changes})
        return self.built[name]

    def _write(self, tables: Mapping[Month, pa.Table]) -> None:
        if tables:
            frame = self.lake.session.createDataFrame(pa.concat_tables(tables.values()))
            self.lake.replace_months(CUSTOMERS, frame, {month: rows.num_rows for month, rows in tables.items()})

    @property
    def as_it_is(self) -> pa.Table:
        return self.features("as it is", {})

    @property
    def other_future(self) -> pa.Table:
        return self.features("other future", {ASKED: opposite, AFTER: everything})

    @property
    def other_month(self) -> pa.Table:
        return self.features("other month", {ASKED: everything, AFTER: everything})

    @property
    def other_past(self) -> pa.Table:
        return self.features("other past", dict.fromkeys(BEFORE, exchanged(PRODUCTS)))

    @property
    def next_month(self) -> pa.Table:
        return self.features("next month", {}, AFTER)


@pytest.fixture(scope="module")
def world(bank: Bank, session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    months = month_range(BEFORE[0], AFTER)
    tables = {month: bank.lake.read_months(CUSTOMERS, [month]).toArrow().sort_by("customer_id") for month in months}
    always = set.intersection(*(set(rows["customer_id"].to_pylist()) for rows in tables.values()))
    taken = pa.array(sorted(always)[:CUSTOMERS_TAKEN], pa.int64())
    schema = arrow_schema(CUSTOMERS.columns)
    chosen = {m: rows.filter(pc.is_in(rows["customer_id"], taken)).cast(schema) for m, rows in tables.items()}
    made = World(Lake(Settings.load(data_dir=str(tmp_path_factory.mktemp("leakage"))), session), chosen)
    made._write(chosen)
    return made


# --- by family -------------------------------------------------------------------------------------------------------

NOT_KNOWN = {Family.PROFILE: "other_future", Family.HISTORY: "other_month", Family.SEASON: "other_month"}
"""Of the month itself the profile may be known, and nothing at all to the history."""
KNOWN = {Family.PROFILE: "other_month", Family.HISTORY: "other_past", Family.SEASON: "next_month"}


def of_family(rows: pa.Table, family: Family) -> pa.Table:
    return rows.select([feature.name for feature in FEATURES if feature.family is family])


@pytest.mark.parametrize("family", Family)
def test_what_is_not_known_yet_moves_no_feature(world: World, family: Family) -> None:
    changed = of_family(getattr(world, NOT_KNOWN[family]), family)
    moved = [name for name in changed.column_names if changed[name] != world.as_it_is[name]]
    assert not moved, f"of {family} these know what cannot be known: {moved}"


@pytest.mark.parametrize("family", Family)
def test_what_is_known_moves_features(world: World, family: Family) -> None:
    assert of_family(getattr(world, KNOWN[family]), family) != of_family(world.as_it_is, family)


def test_every_family_has_its_rule() -> None:
    assert set(NOT_KNOWN) == set(KNOWN) == set(Family)


# --- by group of model columns ---------------------------------------------------------------------------------------

GROUPS = {ColumnGroup.PROFILE: Family.PROFILE, ColumnGroup.SEASON: Family.SEASON}
"""The family that a group is made from; those not named are made from the history."""


def matrix(rows: pa.Table, group: ColumnGroup) -> np.ndarray:
    return ColumnPlan((group,)).matrix(rows)


@pytest.mark.parametrize("group", ColumnGroup)
def test_what_is_not_known_yet_moves_no_model_column(world: World, group: ColumnGroup) -> None:
    changed = getattr(world, NOT_KNOWN[GROUPS.get(group, Family.HISTORY)])
    np.testing.assert_array_equal(matrix(changed, group), matrix(world.as_it_is, group))


@pytest.mark.parametrize("group", ColumnGroup)
def test_what_is_known_moves_model_columns(world: World, group: ColumnGroup) -> None:
    changed = getattr(world, KNOWN[GROUPS.get(group, Family.HISTORY)])
    assert not np.array_equal(matrix(changed, group), matrix(world.as_it_is, group), equal_nan=True)


# --- labels ----------------------------------------------------------------------------------------------------------


def test_features_stay_when_customers_exchange_what_they_added(world: World) -> None:
    """Other labels, the same rows to learn from: nothing in them can tell one label from another."""
    changes = {ASKED: exchanged(PRODUCTS)}
    exchanged_products = world.features("exchanged products", changes)
    assert exchanged_products == world.as_it_is
    assert labels_of(world, changes[ASKED](world.months[ASKED])) != labels_of(world, world.months[ASKED])


def labels_of(world: World, customers: pa.Table) -> list[int]:
    session = world.lake.session
    features = session.createDataFrame(world.as_it_is.append_column("snapshot_date", customers["snapshot_date"]))
    rows = labels(session.createDataFrame(customers), features).toArrow().sort_by("customer_id")
    return list(rows["added"].to_pylist())
