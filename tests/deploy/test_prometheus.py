"""What Prometheus is told to watch: by promtool, and by a real Prometheus beside workers that count and log."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from santander.config.settings import Settings
from santander.serving.log.committing import Committer
from santander.serving.log.segments import segments_in
from santander.serving.metrics import Metrics, Served
from tests.deploy import compose
from tests.deploy.dockerfile import CHECKOUT
from tests.needs import lacking
from tests.s3_server import free_port
from tests.serving.log.answers import answer, changed, folder_of, opened, worker
from tests.waiting import wait_for

CONF = CHECKOUT / "deploy" / "prometheus"
RULES = yaml.safe_load((CONF / "alerts.yml").read_text())["groups"][0]["rules"]
ALERTS = [rule["alert"] for rule in RULES]
CASES = yaml.safe_load((CONF / "alerts-test.yml").read_text())["tests"]
PANELS = json.loads((CHECKOUT / "deploy" / "grafana" / "dashboards" / "service.json").read_text())["panels"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
WINDOW = "4s"
"""What a test waits for in place of minutes."""


def programs(*names: str) -> None:
    if absent := [name for name in names if shutil.which(name) is None]:
        lacking(f"no {absent[0]} here (deploy/install-packages.sh prometheus)")


@pytest.mark.parametrize(
    "words", [("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yml"), ("test", "rules", "alerts-test.yml")]
)
def test_promtool_finds_nothing_wrong(words: tuple[str, ...]) -> None:
    programs("promtool")
    done = subprocess.run([shutil.which("promtool") or "", *words], cwd=CONF, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_seen_to_stay_silent_and_to_fire() -> None:
    expected = [(test["alertname"], bool(test.get("exp_alerts"))) for case in CASES for test in case["alert_rule_test"]]
    assert {(alert, fires) for alert in ALERTS for fires in (False, True)} == set(expected)
    assert all({"summary", "remedy"} == set(rule["annotations"]) for rule in RULES)


def test_every_metric_that_is_asked_for_is_one_of_ours(settings: Settings) -> None:
    log = opened(settings)
    metrics = Metrics(0, log, folder_of(settings))
    metrics.served = Served("2016-06", 3, 0)
    names = {f"{family.name}{end}" for family in metrics.collect() for end in ("", "_total", "_bucket")}
    log.close()
    asked = [rule["expr"] for rule in RULES] + QUERIES
    assert set(re.findall(r"santander_\w+", " ".join(asked))) <= names
    assert {name for name in names if name.endswith("_total")} & set(re.findall(r"santander_\w+_total", " ".join(asked)))


def test_what_grafana_is_given_leads_to_the_dashboard_and_to_prometheus() -> None:
    services = compose.services(compose.filled_variables())
    grafana = CHECKOUT / "deploy" / "grafana"
    (source,) = yaml.safe_load((grafana / "provisioning" / "datasources" / "prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((grafana / "provisioning" / "dashboards" / "service.yml").read_text())["providers"]
    mounted = dict(volume.split(":")[:2] for volume in services["grafana"]["volumes"])["./deploy"]
    assert services["grafana"]["environment"]["GF_PATHS_PROVISIONING"] == f"{mounted}/grafana/provisioning"
    assert provider["options"]["path"] == f"{mounted}/grafana/dashboards"
    assert source["url"].removeprefix("http://").split(":")[0] in services
    assert {panel["datasource"]["uid"] for panel in PANELS} == {source["uid"]}


class Prometheus:
    """A running one, asked by its interface."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/api/v1/"

    def ask(self, what: str, **parameters: str) -> Any:
        with urllib.request.urlopen(f"{self._address}{what}?{urllib.parse.urlencode(parameters)}") as response:  # noqa: S310
            return json.load(response)["data"]

    def is_up(self) -> bool:
        try:
            return bool(self.ask("query", query="up")["result"])
        except OSError:
            return False

    def rules(self) -> dict[str, dict[str, Any]]:
        return {rule["name"]: rule for rule in self.ask("rules")["groups"][0]["rules"]}

    def states(self) -> dict[str, str]:
        return {name: rule["state"] for name, rule in self.rules().items()}

    def evaluated(self) -> set[str]:
        return {rule["lastEvaluation"] for rule in self.rules().values()}

    def value(self, query: str) -> list[float]:
        return [float(each["value"][1]) for each in self.ask("query", query=query)["result"]]


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Callable[[list[int]], Prometheus]]:
    """Start it as the deployment does, with seconds in place of minutes."""
    programs("prometheus")
    shutil.copytree(CHECKOUT / "deploy", tmp_path / "deploy")
    alerts, conf = (tmp_path / "deploy" / "prometheus" / name for name in ("alerts.yml", "prometheus.yml"))
    text = re.sub(r"\[\d+m\]", f"[{WINDOW}]", alerts.read_text())
    alerts.write_text(re.sub(r"for: \d+m", "for: 1s", text))
    conf.write_text(conf.read_text().replace("_interval: 5s", "_interval: 500ms"))
    started: list[subprocess.Popen[bytes]] = []

    def start(targets: list[int]) -> Prometheus:
        port = free_port()
        environment = {
            "LISTEN": f"127.0.0.1:{port}", "PROMETHEUS_FOLDER": str(tmp_path / "prometheus"), "PATH": os.environ["PATH"],
            "TARGETS": " ".join(f"127.0.0.1:{target}" for target in targets),
        }  # fmt: skip
        with (tmp_path / "prometheus.log").open("wb") as log:
            script = str(tmp_path / "deploy" / "start-prometheus.sh")
            started.append(subprocess.Popen([script], env=environment, stdout=log, stderr=log))
        running = Prometheus(port)
        wait_for(running.is_up)
        return running

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=60)


class Service:
    """Three workers as far as Prometheus sees them: what they count is real, what they answer is not."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        quick = changed(settings, flush_seconds=0.002)
        self.log, self.stale, self.full = opened(quick), opened(quick), opened(changed(settings, ring=1, flush_seconds=600))
        logs = (self.log, self.full, self.full)
        self.workers = [Metrics(number, log, folder_of(settings)) for number, log in enumerate(logs)]
        self.ports = [free_port() for _ in logs]
        self.ends = [each.serve("127.0.0.1", self.ports[number] - number) for number, each in enumerate(self.workers)]
        for each in self.workers:
            each.served = Served("2016-06", 3, time.time() - 3600)
            each.reloaded("taken")

    def close(self) -> None:
        for end in self.ends:
            end()
        for log in (self.log, self.stale, self.full):
            log.close()

    def serve(self, status: int = 200, seconds: float = 0.0004) -> bool:
        for _ in range(50):
            self.log.append(*answer())
            self.workers[0].answered("recommendations", "snapshot" if status == 200 else "", status, seconds)
        return True

    def fall_ill(self) -> None:
        """A worker is killed, a segment stays, a worker is behind, another is gone, the snapshot is old."""
        with worker(changed(self.settings, flush_seconds=600)) as killed:
            killed.give(20)
            killed.end(signal.SIGKILL)
        Committer(self.settings).commit()
        self.stale.append(*answer())
        wait_for(lambda: self.stale.logged)
        for segment in segments_in(folder_of(self.settings)):
            os.utime(segment.path, (time.time() - 700, time.time() - 700))
        self.workers[1].served = Served("2016-06", 4, time.time() - 41 * 86400)
        self.ends.pop()()

    def fail(self) -> None:
        self.serve(500, 0.3)
        self.serve(503)
        self.full.append(*answer())
        self.workers[1].reloaded("refused")


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    made = Service(settings)
    yield made
    made.close()


@pytest.mark.engines
def test_a_real_prometheus_fires_each_alert_when_it_should_and_fills_each_panel(
    service: Service, prometheus: Callable[[list[int]], Prometheus]
) -> None:
    running = prometheus(service.ports)
    wait_for(lambda: service.serve() and running.value(f"sum(rate(santander_answers_total[{WINDOW}])) > 10"))
    wait_for(lambda: running.value("sum(up)") == [3])
    looked = running.evaluated()
    wait_for(lambda: service.serve() and not running.evaluated() & looked)  # each rule was looked at once more
    assert running.states() == dict.fromkeys(ALERTS, "inactive")
    assert {rule["health"] for rule in running.rules().values()} == {"ok"}

    for query in QUERIES:
        assert running.value(query.replace("$__rate_interval", WINDOW).replace("$__range", "1m")), query

    service.fall_ill()
    fired: set[str] = set()

    def all_fired() -> bool:
        service.fail()
        fired.update(name for name, state in running.states().items() if state == "firing")
        return fired == set(ALERTS)

    wait_for(all_fired, seconds=90)
