"""Reading features online, as serving does."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from santander.store.names import ONLINE_SERVICE, PACKED
from santander.store.packing import Layout

if TYPE_CHECKING:
    from feast import FeatureStore

CUSTOMERS_AT_A_TIME = 1000
"""SQLite takes a limited number of keys in one query."""


def read_online(store: "FeatureStore", customer_ids: Sequence[int]) -> pa.Table:
    """Customers that are served, in the order asked: customer_id, snapshot_date, then the features as batch scoring reads them.

    A customer without features in the served month has no row. While a month is being materialized some rows are of
    it already and others of the month before; each row is of one month, its snapshot_date.
    Raises OtherLayout when the store was filled under another declaration of features.
    """
    service = store.get_feature_service(ONLINE_SERVICE, allow_cache=True)
    found: list[int] = []
    values: list[bytes] = []
    for start in range(0, len(customer_ids), CUSTOMERS_AT_A_TIME):
        asked = list(customer_ids[start : start + CUSTOMERS_AT_A_TIME])
        read = store.get_online_features(features=service, entity_rows={"customer_id": asked}).to_dict()
        for customer_id, value in zip(read["customer_id"], read[PACKED], strict=True):
            if value is not None:
                found.append(customer_id)
                values.append(value)
    return Layout().unpack(values).add_column(0, "customer_id", pa.array(found, type=pa.int64()))
