"""Taking customers out of the online store, for which Feast has no call."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from santander.store.names import ONLINE_VIEW

if TYPE_CHECKING:
    from feast import FeatureStore

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
