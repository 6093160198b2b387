"""An erased customer is out of either online store, and out of every byte of a SQLite file."""

import struct
from pathlib import Path

from santander.bank.months import Month
from santander.erasure.online import erase_online
from santander.erasure.tokens import sorted_ids
from santander.store.materialization import materialize_month
from santander.store.serving import read_online
from santander.tables import ONLINE_FEATURES
from tests.store.conftest import Shop


def test_erased_customers_are_served_no_more(served: Shop) -> None:
    materialize_month(served.lake, served.store, Month(2016, 5))
    everybody = sorted(row["customer_id"] for row in served.lake.rows(ONLINE_FEATURES))
    persons, others = everybody[:300], everybody[300:]
    assert read_online(served.store, persons).num_rows == 300
    assert erase_online(served.settings, served.lake, sorted_ids(persons)) == [served.settings.store.online]
    assert read_online(served.store, persons).num_rows == 0
    assert read_online(served.store, others).num_rows == len(others)
    for file in Path(served.settings.state).rglob("online.db*"):
        content = file.read_bytes()
        assert not any(b"customer_id\x04\0\0\0\x08\0\0\0" + struct.pack("<q", person) in content for person in persons)
