"""Persons out of every online store that was ever written, and out of the pages that a SQLite file no longer uses."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import telling_line
from santander.schema.catalogue import ONLINE_FEATURES
from santander.store.written import stores_of_originals, without_password, written_stores
from santander.suppression.spellings import Numbers

if TYPE_CHECKING:
    from feast import FeatureStore

    from santander.config.settings import Settings
    from santander.lake.lake import Lake

log = logging.getLogger(__name__)

_CONNECT = "socket_connect_timeout"
_CONNECT_SECONDS = 5


def erase_online(settings: "Settings", lake: "Lake", ids: Numbers) -> tuple[list[str], list[str]]:
    """Withdraw them from every online store: the stores that were reached, and a line for each that was not."""
    from santander.store.serving import withdraw

    with lake.lock("online"):
        reached, left = _at_each(settings, lake, lambda store: withdraw(store, ids.tolist()))
        if any(name == "sqlite" for name, _ in reached):
            rewrite_whole(_sqlite_file(settings))
    return [name for name, _ in reached], left


def held_online(settings: "Settings", lake: "Lake", ids: Numbers) -> tuple[int, list[str]]:
    """Return how many of them the stores hold, each counted once a store, and a line for each store not reached."""
    from santander.store.serving import online_among

    reached, left = _at_each(settings, lake, lambda store: online_among(store, ids.tolist()))
    return sum(count for _, count in reached), left


def rewrite_whole(file: Path) -> None:
    """Rewrite a SQLite file from its living rows alone, and empty its write-ahead log: deleted rows are in neither."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _at_each(
    settings: "Settings", lake: "Lake", work: "Callable[[FeatureStore], int]"
) -> tuple[list[tuple[str, int]], list[str]]:
    from santander.store.access import open_store

    reached: list[tuple[str, int]] = []
    left: list[str] = []
    for name, address, chosen in _stores(settings, lake):
        try:
            reached.append((name, work(open_store(chosen, lake, whatever_families=True))))
        except Exception as error:  # noqa: BLE001  (any client may fail in its own way; the person is told which store)
            said = telling_line(error)
            remedy = "start it, with its password in store.redis (SANTANDER_STORE__REDIS), and run the same command again"
            if name == "sqlite":
                remedy = "move it away, or restore it, and run the same command again"
            left.append(f"online store {address}: was written and cannot be reached ({said}): {remedy}")
    return reached, left


def _stores(settings: "Settings", lake: "Lake") -> "Iterator[tuple[str, str, Settings]]":
    """Kind, address and settings of each store that may hold anybody, whatever the setting is by now."""
    file = _sqlite_file(settings)
    noted, others = written_stores(settings.state), stores_of_originals(settings.state)
    here = without_password(settings.store.redis)
    if settings.store.online == "redis" and others.pop(here, None) is not None:
        noted = [*noted, here]  # the settings say that this folder's lists are served from there
    for address, original in others.items():
        log.info(
            "online store %s was written from %s, of which this folder is a copy: 'forget' there reaches it", address, original
        )
    # rows may have been put online before stores were noted: then they are in the store of the settings or in the file
    if not noted and not others and (settings.store.online == "redis" or not file.is_file()) and lake.exists(ONLINE_FEATURES):
        noted = [here]
    for address in noted:
        # the password of a store that was written is known only where the settings still name it
        connection = settings.store.redis if address == here else address
        if _CONNECT not in connection:
            connection += f",{_CONNECT}={_CONNECT_SECONDS}"
        yield "redis", address, _with_store(settings, online="redis", redis=connection)
    if file.is_file():
        yield "sqlite", str(file), _with_store(settings, online="sqlite")


def _with_store(settings: "Settings", **changed: str) -> "Settings":
    return settings.model_copy(update={"store": settings.store.model_copy(update=changed)})


def _sqlite_file(settings: "Settings") -> Path:
    return settings.state / "feast" / "online.db"
