"""Province and segment of a customer in the month itself, for features of those whom the entity rows name by customer alone."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from santander.schema.catalogue import PARTITION, Table
from santander.schema.own_family import Entity
from santander.store.point_in_time import Lookup

_KEY = Entity.CUSTOMER.value
_OWN = {entity.value: f"own_{entity.value}" for entity in Entity if entity is not Entity.CUSTOMER}
"""Key of a table to the name of the column that holds it meanwhile: ``province_code`` may be a feature of the result as well."""


def own_keys(wanted: Iterable[tuple[Table, Lookup]], given: Collection[str]) -> Lookup | None:
    """Return the lookup in ``customers`` of the keys that entity rows lack; None where they have all, or name no customers."""
    lacking = {
        key: lookup for _, lookup in wanted for column, key in lookup.keys if column == key and key in _OWN and key not in given
    }
    if not lacking or _KEY not in given:
        return None
    one = next(iter(lacking.values()))
    features = tuple((key, _OWN[key]) for key in lacking)
    return Lookup(keys=((_KEY, _KEY),), stamp=PARTITION, features=features, ttl=one.ttl, spacing=one.spacing)


def by_own_keys(lookup: Lookup, own: Lookup) -> Lookup:
    """Return the lookup by the columns that ``own`` gives."""
    names = dict(own.features)
    return replace(lookup, keys=tuple((column, names.get(key, key)) for column, key in lookup.keys))
