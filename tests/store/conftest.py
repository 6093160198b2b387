"""A lake with the bank's features that tests may change, and the online stores to write them to."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from feast import FeatureStore
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import FEATURES_TABLE
from santander.store.access import open_store
from tests.conftest import Bank


@dataclass(frozen=True)
class Shop:
    """A feature store over a copy of the bank's features."""

    settings: Settings
    lake: Lake
    store: FeatureStore


def open_shop(bank: Bank, folder: Path, session: SparkSession, **store: str) -> Shop:
    settings = Settings.load(data_dir=str(folder), store=store)
    lake = Lake(settings, session)
    shutil.copytree(bank.lake.path(FEATURES_TABLE), lake.path(FEATURES_TABLE))
    return Shop(settings, lake, open_store(settings, lake))


@pytest.fixture
def shop(bank: Bank, tmp_path: Path, session: SparkSession) -> Shop:
    return open_shop(bank, tmp_path / "shop", session)


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = shutil.which("redis-server")
    if server is None:
        reason = "no redis-server on PATH: nothing about Redis is tested"
        pytest.fail(reason) if os.environ.get("SANTANDER_REQUIRE") == "all" else pytest.skip(reason)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"redis-server does not answer on port {port}")


@pytest.fixture(params=["sqlite", "redis"])
def served(request: pytest.FixtureRequest, bank: Bank, tmp_path: Path, session: SparkSession) -> Shop:
    """The same as shop, once for each online store."""
    if request.param == "sqlite":
        return open_shop(bank, tmp_path / "shop", session)
    address = request.getfixturevalue("redis_address")
    import redis

    host, port = address.split(":")
    redis.Redis(host, int(port)).flushall()
    return open_shop(bank, tmp_path / "shop", session, online="redis", redis=address)
