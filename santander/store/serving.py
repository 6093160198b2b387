"""Customers in the online store: read as serving does, counted, and taken out, for which Feast has no call."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from santander.store.online_layout import layout_online
from santander.store.packing import ONLINE_SERVICE, ONLINE_VIEW, PACKED

if TYPE_CHECKING:
    from feast import FeatureStore

KEYS_OF_A_QUERY = 1000
"""SQLite takes a limited number of keys in one query."""


def read_online(store: "FeatureStore", customer_ids: Sequence[int]) -> pa.Table:
    """Customers that are served, in the order asked: customer_id, snapshot_date, then the features as batch scoring reads them.

    Features of a user's families come last, as far as they were packed with the month.

    A customer without features in the served month has no row. While a month is being materialized some rows are of
    it already and others of the month before; each row is of one month, its snapshot_date.
    Raises OtherLayout when the store was filled under another declaration of features.
    """
    service = store.get_feature_service(ONLINE_SERVICE, allow_cache=True)
    found: list[int] = []
    values: list[bytes] = []
    for start in range(0, len(customer_ids), KEYS_OF_A_QUERY):
        asked = list(customer_ids[start : start + KEYS_OF_A_QUERY])
        read = store.get_online_features(features=service, entity_rows={"customer_id": asked}).to_dict()
        for customer_id, value in zip(read["customer_id"], read[PACKED], strict=True):
            if value is not None:
                found.append(customer_id)
                values.append(value)
    return layout_online(store.config.online_store).unpack(values).add_column(0, "customer_id", pa.array(found, type=pa.int64()))


CUSTOMERS_AT_A_TIME = 10_000
"""Keys of the online store that are made at a time, so that memory does not grow with the month. No setting: all of them go."""


def withdraw(store: "FeatureStore", customer_ids: Iterable[int]) -> int:
    """Delete all that is online of these customers and return how many they are; who was not there is no error."""
    view = store.get_feature_view(ONLINE_VIEW)
    online: Any = store._get_provider().online_store  # noqa: SLF001  (feast has no other way)
    count = 0
    for keys in _serialized(customer_ids, store.config.entity_key_serialization_version):
        online.delete_entities(store.config, view, keys)
        count += len(keys)
    return count


def online_among(store: "FeatureStore", customer_ids: Iterable[int]) -> int:
    """Return how many of these customers are online."""
    view = store.get_feature_view(ONLINE_VIEW)
    online: Any = store._get_provider().online_store  # noqa: SLF001  (feast has no other way)
    version = store.config.entity_key_serialization_version
    return sum(online.count_entities(store.config, view, keys) for keys in _serialized(customer_ids, version))


def _serialized(customer_ids: Iterable[int], version: int) -> Iterator[list[bytes]]:
    """The keys under which Feast stores the customers, CUSTOMERS_AT_A_TIME at once."""
    from feast.infra.key_encoding_utils import serialize_entity_key
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value

    ids = iter(customer_ids)
    while some := list(islice(ids, CUSTOMERS_AT_A_TIME)):
        keys = (EntityKey(join_keys=["customer_id"], entity_values=[Value(int64_val=each)]) for each in some)
        yield [serialize_entity_key(key, version) for key in keys]
