"""Two drivers of Apache Spark that commit to one table in a bucket at the same time."""

from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.engine.cluster.s3a import LOG_STORE, settings
from santander.lake.lake import Lake
from tests.engines.sampled import drawn_as
from tests.needs import need_java
from tests.s3_server import S3Server, slow_commits
from tests.storage.test_object_storage import WAIT_SECONDS, assert_all_commits_stand, bucket, server, two_writers

__all__ = ["bucket", "server"]
ROUNDS = 2
HELD_SECONDS = 1.5
"""Longer than the time between two drivers' looks, so that with Delta's own store for s3a commits are lost."""


@pytest.fixture
def java() -> None:
    need_java()


@pytest.mark.engines
@drawn_as("two drivers on a bucket")
@pytest.mark.timeout(WAIT_SECONDS + 60)
def test_two_drivers_at_once_lose_no_commit(server: S3Server, bucket: str, tmp_path: Path, java: None) -> None:
    with slow_commits(server, HELD_SECONDS) as port:
        last = two_writers(bucket, ("local[1]", "local[1]"), server.environment(port), tmp_path / "state", ROUNDS)
    assert_all_commits_stand(Lake(Settings.load(data_dir=bucket, state_dir=str(tmp_path))), last, ROUNDS, replaced=True)


KEYS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "hidden", "AWS_SESSION_TOKEN": "token"}


def test_spark_is_told_of_the_endpoint_and_of_no_key() -> None:
    conf = settings({**KEYS, "AWS_ENDPOINT_URL": "http://minio:9000"})
    assert conf == {
        "spark.delta.logStore.s3a.impl": LOG_STORE,
        "spark.hadoop.fs.s3a.endpoint": "http://minio:9000",
        "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
    }
    assert settings({**KEYS, "AWS_REGION": "eu-west-1"}) == {
        "spark.delta.logStore.s3a.impl": LOG_STORE,
        "spark.hadoop.fs.s3a.endpoint.region": "eu-west-1",
    }
