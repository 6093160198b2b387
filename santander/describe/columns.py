"""Which columns of which tables are described, and how their values are read."""

from collections.abc import Mapping
from types import MappingProxyType

from santander.describe.values import Kind
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS, Table
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.features import CODE, FEATURES, Family, Feature

_NUMBERS = frozenset({"age", "seniority_months", "household_income", "joined_on", "last_primary_on"})
"""Columns of ``customers`` whose values have an order; the other numbers in it are codes."""
_CODES = frozenset({"segment", "province_code"})
OVERLAP = "overlap"
"""How many products of a customer's list were in that of the month before: no column, but described as one."""


def _of_feature(feature: Feature) -> Kind:
    if feature.is_bitmask:
        return Kind.MASK
    is_category = feature.type == "boolean" or feature.range == CODE or feature.name in _CODES
    return Kind.CATEGORY if is_category else Kind.NUMBER


COLUMNS: Mapping[Table, Mapping[str, Kind]] = MappingProxyType(
    {
        CUSTOMERS: {
            column.name: Kind.NUMBER if column.name in _NUMBERS else Kind.CATEGORY
            for column in PROFILE_COLUMNS
            if column.name not in CUSTOMERS.key
        }
        | {"holdings": Kind.MASK},
        FEATURES_TABLE: {feature.name: _of_feature(feature) for feature in FEATURES if feature.family is not Family.SEASON},
        RECOMMENDATIONS: {"product": Kind.CATEGORY, "score": Kind.NUMBER, "chance": Kind.NUMBER, OVERLAP: Kind.NUMBER},
    }
)
"""The tables that are described, each with its columns; features of the season are the same for all customers."""
