"""The Feast objects: who features are about, where they lie, how they are grouped and served.

Fields and their meaning come from the declaration that builds the tables; nothing is listed here a second time.
"""

from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field
from feast.infra.offline_stores.contrib.spark_offline_store.spark_source import SparkSource
from feast.types import Bytes, Int32, Int64, String
from feast.value_type import ValueType

from santander.config.family_files import own_families
from santander.schema.catalogue import FEATURES_TABLE, ONLINE_FEATURES, PARTITION, Table
from santander.schema.features import FAMILY_MEANING, FEATURE_SET, FEATURES, Family
from santander.schema.own_family import Entity as About
from santander.schema.own_family import OwnFamily
from santander.store.lookups import SPACING_TAG, feast_fields
from santander.store.packing import ONLINE_SERVICE, ONLINE_VIEW, PACKED

MONTH_IS_LONG = "28"
"""Days between two snapshots at least: from 28 February to 28 March."""

VALID_FOR = timedelta(days=27)
"""The longest time that reaches no other snapshot. A feature row speaks for its month alone: a customer who is absent
this month must not get the row of the month before, in which lag 1 is this month's lag 2."""

customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.INT64, description="Customer of the bank")
province = Entity(
    name="province", join_keys=["province_code"], value_type=ValueType.INT32, description="Province of a customer in the month"
)
segment = Entity(
    name="segment", join_keys=["segment"], value_type=ValueType.STRING, description="Segment of a customer in the month"
)


def table_source(table: Table) -> SparkSource:
    """A source that names the table in the lake; the offline store knows where the lake lies."""
    return SparkSource(
        name=table.name,
        table=table.name,
        timestamp_field=PARTITION,
        description=table.row,
        tags={SPACING_TAG: MONTH_IS_LONG},
    )


features = table_source(FEATURES_TABLE)
online_features = table_source(ONLINE_FEATURES)

key = Field(name="customer_id", dtype=Int64, description="Customer")


def family_view(family: Family) -> FeatureView:
    """The features that are computed together, for training and batch scoring; they do not go online one by one."""
    return FeatureView(
        name=family.value,
        entities=[customer],
        source=features,
        schema=[key, *feast_fields(each for each in FEATURES if each.family is family)],
        ttl=VALID_FOR,
        online=False,
        description=FAMILY_MEANING[family],
    )


# feast finds what a module names, not what lies in a list
customer_profile, product_history, season = (family_view(family) for family in Family)

ABOUT = {
    About.CUSTOMER: (customer, key),
    About.PROVINCE: (province, Field(name="province_code", dtype=Int32, description="Province")),
    About.SEGMENT: (segment, Field(name="segment", dtype=String, description="Segment")),
}


def own_view(family: OwnFamily) -> FeatureView:
    """The features of a family that a file of conf adds."""
    entity, named = ABOUT[family.entity]
    return FeatureView(
        name=family.name,
        entities=[entity],
        source=table_source(family.table),
        schema=[named, *feast_fields(family.features)],
        ttl=VALID_FOR,
        online=False,
        description=family.meaning,
    )


OWN = {family.name: own_view(family) for family in own_families()}
globals().update(OWN)

next_products_online = FeatureView(
    name=ONLINE_VIEW,
    entities=[customer],
    source=online_features,
    schema=[
        key,
        Field(name=PACKED, dtype=Bytes, description="All features of one customer, packed in the order of the declaration"),
    ],
    ttl=VALID_FOR,
    description="What serving needs of one customer of the served month, in one value",
)

next_products = FeatureService(
    name=FEATURE_SET,
    features=[customer_profile, product_history, season],
    description="What the models of this feature set see",
)
next_products_packed = FeatureService(
    name=ONLINE_SERVICE, features=[next_products_online], description=f"{FEATURE_SET} as it is read online"
)

ENTITIES = [customer, province, segment]
SOURCES = [features, online_features, *(view.batch_source for view in OWN.values())]
VIEWS = [customer_profile, product_history, season, next_products_online, *OWN.values()]
SERVICES = [next_products, next_products_packed]
