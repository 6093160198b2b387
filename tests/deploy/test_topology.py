"""The topology of docker-compose.yml without containers, and one month sent through all of it.

The image's folder is made by the Dockerfile's own lines, the services are started by the compose file's own commands:
Spark with two workers, the S3 server, PostgreSQL, the MLflow server, Redis, Jupyter.
"""

import json
import os
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from pyarrow.fs import FileSelector, S3FileSystem

from santander.engine.cluster.java import cache_dir
from tests.deploy import compose
from tests.deploy.dockerfile import carry_out
from tests.deploy.topology import Topology, running
from tests.engines.sampled import drawn_as
from tests.needs import lacking, need_java

pytestmark = [pytest.mark.engines, pytest.mark.timeout(1500), drawn_as("the deployment")]

MONTH = "2016-06"
SERVERS = {
    "redis-server": lambda: shutil.which("redis-server"),
    "postgres": lambda: shutil.which("postgres") or next(Path("/usr/lib/postgresql").glob("*/bin/postgres"), None),
    "go": lambda: shutil.which("go"),
}


@pytest.fixture(scope="module")
def topology() -> Iterator[Topology]:
    need_java()
    for name, found in SERVERS.items():
        if not found():
            lacking(f"no {name} here: the deployment is not tested (deploy/install-packages.sh java redis-server postgres)")
    software = cache_dir() / "deployment"
    software.mkdir(parents=True, exist_ok=True)
    # not pytest's folder, which is closed to the user that PostgreSQL runs as
    data = Path(tempfile.mkdtemp(prefix="santander-"))
    data.chmod(0o755)
    try:
        with FileLock(software / ".lock"):
            image = carry_out(software, data)
            small = {"SPARK_WORKER_CORES": "1", "SPARK_WORKER_MEMORY": "3g"}
            with running(image, compose.filled_variables() | small) as started:
                yield started
    finally:
        shutil.rmtree(data)


def result_of(topology: Topology, *words: str) -> dict[str, Any]:
    done = topology.run(*words, "--json")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_one_month_goes_through_everything_and_the_online_store_answers(topology: Topology) -> None:
    in_image = files_of(topology.image.place("."))

    # the fewest months that a model can be fitted and judged on, and just enough customers
    result_of(topology, "generate", "--customers", "4000", "--from", "2016-02", "--to", MONTH, "--no-propensity")
    report = result_of(topology, "run", "--month", MONTH)
    assert all(month["read"] == month["kept"] + month["quarantined_rows"] > 0 for month in report["months"].values())
    assert report["scored"]["customers"] == report["months"][MONTH]["kept"]

    # Spark: both workers took part
    cluster = page(topology, "spark-master", 8080, "json/")
    assert {worker["state"] for worker in cluster["workers"]} == {"ALIVE"}
    assert len(cluster["workers"]) == 2
    assert cluster["completedapps"]
    assert len({app["id"] for app in cluster["completedapps"]}) == len(cluster["completedapps"])

    # S3: tables, the submission and the models' files are objects of the bucket
    bucket = objects(topology)
    for prefix in ("bank/raw/", "bank/lake/customers/_delta_log/", "bank/lake/recommendations/", "bank/submissions/", "mlflow/"):
        assert any(name.startswith(prefix) for name in bucket), prefix
    assert not list(topology.image.place("/var/lib/santander/state").rglob("mlflow.db")), "MLflow keeps nothing here"

    # PostgreSQL holds what the MLflow server was told
    assert rows_of(topology, "SELECT count(*) FROM model_versions") > 0
    assert rows_of(topology, "SELECT count(*) FROM runs WHERE status = 'FINISHED'") > 0

    # Redis answers for customers, as the lake has them
    served = result_of(topology, "materialize", "--month", MONTH)
    assert served["store"] == "redis"
    assert served["customers"] == report["scored"]["customers"]
    asked = topology.run("deploy/ask-online.py", entrypoint=[topology.image.environment["PYTHON"]])
    assert asked.returncode == 0, asked.stdout + asked.stderr
    answer = json.loads(asked.stdout)
    assert (answer["month"], answer["same_as_lake"], len(answer["answers"])) == (MONTH, True, 3)
    unknown = topology.run("deploy/ask-online.py", "999999999", entrypoint=[topology.image.environment["PYTHON"]])
    assert unknown.returncode == 1, "nobody has this number"

    assert files_of(topology.image.place(".")) == in_image, "the image is not written to: its user may not"


def test_notebooks_and_models_have_their_pages(topology: Topology) -> None:
    assert page(topology, "jupyter", 8888, "api")["version"]
    runs = f"http://{topology.address('mlflow', 5000)}/api/2.0/mlflow/experiments/search?max_results=1"
    assert "experiments" in json.load(urllib.request.urlopen(runs, timeout=10))
    elsewhere = urllib.request.Request(runs, headers={"Host": "somewhere.else"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(elsewhere, timeout=10)  # noqa: S310


def test_who_has_no_password_is_refused(topology: Topology) -> None:
    import psycopg
    import redis

    host, port = topology.address("redis", 6379).split(":")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(host, int(port)).ping()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(database(topology), password="guessed")  # noqa: S106
    stranger = S3FileSystem(anonymous=True, endpoint_override=f"http://{topology.address('s3', 9000)}")
    with pytest.raises(OSError, match=r"ACCESS_DENIED|status 403"):
        stranger.get_file_info(FileSelector("santander/bank"))


def page(topology: Topology, service: str, port: int, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://{topology.address(service, port)}/{path}", timeout=10) as answer:
        return dict(json.load(answer))


def objects(topology: Topology) -> set[str]:
    """The keys of all objects in the bucket."""
    account = topology.environment("job")
    server = S3FileSystem(
        access_key=account["AWS_ACCESS_KEY_ID"],
        secret_key=account["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=account["AWS_ENDPOINT_URL"],
        region=account["AWS_REGION"],
    )
    bucket = topology.variables["BUCKET"]
    return {found.path.removeprefix(f"{bucket}/") for found in server.get_file_info(FileSelector(bucket, recursive=True))}


def database(topology: Topology) -> str:
    return topology.environment("mlflow")["BACKEND"]


def rows_of(topology: Topology, query: str) -> int:
    import psycopg

    with psycopg.connect(database(topology), password=topology.variables["POSTGRES_PASSWORD"]) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def files_of(folder: Path) -> set[str]:
    return {str(Path(where, name)) for where, _, names in os.walk(folder) for name in names}
