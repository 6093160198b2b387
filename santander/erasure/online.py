"""Persons out of the online store, and out of the pages that a SQLite file no longer uses."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from santander.erasure.tokens import Numbers
from santander.tables import ONLINE_FEATURES

if TYPE_CHECKING:
    from santander.lake import Lake
    from santander.settings import Settings


def erase_online(settings: "Settings", lake: "Lake", ids: Numbers) -> list[str]:
    """Withdraw them from every online store that may hold anybody, and say from which."""
    file = settings.state / "feast" / "online.db"
    stores = ["redis"] if settings.store.online == "redis" and lake.exists(ONLINE_FEATURES) else []
    if file.is_file():  # also where the setting is another store by now
        stores.append("sqlite")
    with lake.lock("online"):
        for name in stores:
            _withdraw(settings, lake, name, ids)
        if file.is_file():
            rewrite_whole(file)
    return stores


def rewrite_whole(file: Path) -> None:
    """Rewrite a SQLite file from its living rows alone, and empty its write-ahead log: deleted rows are in neither."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _withdraw(settings: "Settings", lake: "Lake", name: str, ids: Numbers) -> None:
    from santander.store.access import open_store
    from santander.store.withdrawal import withdraw

    chosen = settings.model_copy(update={"store": settings.store.model_copy(update={"online": name})})
    withdraw(open_store(chosen, lake), ids.tolist())
