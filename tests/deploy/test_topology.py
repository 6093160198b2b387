"""The topology of docker-compose.yml without containers, and one month sent through all of it.

The image's folder is made by the Dockerfile's own lines, the services are started by the compose file's own commands:
Spark with two workers, the S3 server, PostgreSQL, the MLflow server, Redis, Jupyter; then, once the month is published, the
service, nginx before it and Prometheus beside it.
"""

import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable
from filelock import FileLock
from pyarrow.fs import FileSelector, S3FileSystem

from santander.engine.cluster.java import cache_dir
from tests.deploy import compose
from tests.deploy.dockerfile import CHECKOUT, carry_out
from tests.deploy.topology import Topology, running
from tests.engines.sampled import drawn_as
from tests.needs import lacking, need_java
from tests.waiting import wait_for

pytestmark = [pytest.mark.engines, pytest.mark.timeout(1500), drawn_as("the deployment")]

MONTH = "2016-06"
SERVERS = {
    "redis-server": lambda: shutil.which("redis-server"),
    "postgres": lambda: shutil.which("postgres") or next(Path("/usr/lib/postgresql").glob("*/bin/postgres"), None),
    "go": lambda: shutil.which("go"),
    **{name: partial(shutil.which, name) for name in ("nginx", "prometheus", "curl", "wget")},
}


@pytest.fixture(scope="module")
def topology() -> Iterator[Topology]:
    need_java()
    for name, found in SERVERS.items():
        if not found():
            lacking(f"no {name} here: the deployment is not tested (deploy/install-packages.sh)")
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


@pytest.fixture(scope="module")
def report(topology: Topology) -> dict[str, Any]:
    """What ``run`` says of a bank with the fewest months that a model can be fitted and judged on, and just enough customers."""
    in_image = files_of(topology.image.place("."))
    result_of(topology, "generate", "--customers", "4000", "--from", "2016-02", "--to", MONTH, "--no-propensity")
    done = result_of(topology, "run", "--month", MONTH)
    assert files_of(topology.image.place(".")) == in_image, "the image is not written to: its user may not"
    return done


def test_one_month_goes_through_everything_and_the_online_store_answers(topology: Topology, report: dict[str, Any]) -> None:
    in_image = files_of(topology.image.place("."))
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


def test_the_month_is_served_with_tls_to_who_has_a_key_watched_and_ended_in_order(
    topology: Topology, report: dict[str, Any]
) -> None:
    assert result_of(topology, "publish")["customers"] == report["scored"]["customers"]
    key = result_of(topology, "keys", "add", "branch-app", "--scope", "read")["key"]
    make_certificate(topology)
    topology.start("api", "nginx", "prometheus")

    front = topology.address("nginx", 8443)
    assert front_answers(topology, "/v1/model", key)[1]["month"] == MONTH
    assert front_answers(topology, "/v1/model", None)[0] == 401
    assert front_answers(topology, "/v1/model", key + "x")[0] == 401
    with pytest.raises(urllib.error.HTTPError, match="401"):
        page(topology, "api", 8000, "v1/model")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(f"http://{front}/v1/model", timeout=10)
    customers = table_of(topology, "recommendations").column("customer_id").unique().to_pylist()[:20]
    for customer in customers:
        status, body = front_answers(topology, f"/v1/customers/{customer}/recommendations", key)
        assert (status, body["source"], body["recommendations"][0]["rank"]) == (200, "snapshot", 1)

    # Prometheus has every target up, took over each rule, and sees what nginx passed on
    def watched(query: str) -> list[float]:
        asked = urllib.parse.quote(query)
        found = page(topology, "prometheus", 9090, f"api/v1/query?query={asked}")["data"]["result"]
        return [float(each["value"][1]) for each in found]

    wait_for(lambda: watched("sum(santander_answers_total{source='snapshot'})") == [len(customers)])
    targets = page(topology, "prometheus", 9090, "api/v1/targets")["data"]["activeTargets"]
    assert [(each["labels"]["instance"], each["health"]) for each in targets] == [(topology.address("api", 9108), "up")]
    rules = page(topology, "prometheus", 9090, "api/v1/rules")["data"]["groups"][0]["rules"]
    assert len(rules) == len(re.findall("alert: ", (CHECKOUT / "deploy" / "prometheus" / "alerts.yml").read_text()))
    assert {rule["state"] for rule in rules} == {"inactive"}

    # as 'docker compose stop' ends them, and what was answered is in the bucket
    assert [topology.end(name) for name in ("prometheus", "nginx", "api")] == [0, 0, 143]
    rows = table_of(topology, "predictions")
    assert sorted(rows.column("customer_id").to_pylist()) == sorted(customers)
    assert pc.unique(rows.column("key_name")).to_pylist() == ["branch-app"]


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


def make_certificate(topology: Topology) -> None:
    """Carry out what docs/serving.md says of a certificate, beside the compose file."""
    command = re.search(r"^openssl req(?:.*\\\n)*.*", (CHECKOUT / "docs" / "serving.md").read_text(), re.MULTILINE)
    assert command is not None
    folder = topology.beside / "tls"
    folder.mkdir(parents=True)
    words = shlex.split(command[0].replace("\\\n", ""), comments=True)
    subprocess.run(words, cwd=topology.beside, check=True, capture_output=True)
    (folder / "tls.key").chmod(0o644)  # the user who runs nginx here is another one than in its image


def front_answers(topology: Topology, path: str, key: str | None) -> tuple[int, dict[str, Any]]:
    """Status and body that nginx gives a caller who trusts the certificate."""
    trusts = ssl.create_default_context(cafile=str(topology.beside / "tls" / "tls.crt"))
    address = topology.address("nginx", 8443).replace("127.0.0.1", "localhost")
    asked = urllib.request.Request(f"https://{address}{path}", headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(asked, timeout=60, context=trusts) as answer:  # noqa: S310
            return answer.status, dict(json.load(answer))
    except urllib.error.HTTPError as error:
        return error.code, dict(json.load(error))


def table_of(topology: Topology, name: str) -> pa.Table:
    """A table as it is in the bucket."""
    account = {variable: value for variable, value in topology.environment("job").items() if variable.startswith("AWS_")}
    address = f"s3://{topology.variables['BUCKET']}/bank/lake/{name}"
    return DeltaTable(address, storage_options={**account, "AWS_ALLOW_HTTP": "true"}).to_pyarrow_table()


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
