"""Metrics of a worker as Prometheus reads them from its port."""

import signal
import time
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from santander.config.settings import Settings
from santander.errors import InputError
from santander.serving.log.committing import Committer
from santander.serving.log.ring import AnswerLog
from santander.serving.metrics import Metrics, Served
from tests.s3_server import free_port
from tests.serving.log.answers import answer, changed, folder_of, opened, worker
from tests.waiting import wait_for


@pytest.fixture
def log(settings: Settings) -> Iterator[AnswerLog]:
    opened_log = opened(changed(settings, ring=8, flush_seconds=0.002))
    yield opened_log
    opened_log.close()


def scraped(port: int) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels, in the order of these."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
        families = list(text_string_to_metric_families(response.read().decode()))
    samples = [sample for family in families for sample in family.samples]
    return {(each.name, *(value for _, value in sorted(each.labels.items()))): each.value for each in samples}


def test_an_answer_is_in_the_histogram_of_its_route_and_in_the_counts_of_its_source(settings: Settings, log: AnswerLog) -> None:
    metrics = Metrics(1, log, folder_of(settings))
    for seconds in (0.00005, 0.0004, 0.0005, 0.3, 9.0):
        metrics.answered("recommendations", "snapshot", 200, seconds)
    metrics.answered("score", "", 503, 0.0001)
    metrics.in_flight += 3
    port = free_port()
    end = metrics.serve("127.0.0.1", port - 1)  # worker 1 is on the next port
    try:
        found = scraped(port)
    finally:
        end()
    bounds = ("0.0001", "0.00025", "0.0005", "0.25", "0.5", "2.5", "+Inf")
    assert [found["santander_answer_seconds_bucket", bound, "recommendations"] for bound in bounds] == [1, 1, 3, 3, 4, 4, 5]
    assert found["santander_answer_seconds_sum", "recommendations"] == pytest.approx(9.30095)
    assert found["santander_answers_total", "snapshot", "200"] == 5
    assert found["santander_answers_total", "", "503"] == 1
    assert found["santander_requests_in_flight",] == 3
    assert found["process_resident_memory_bytes",] > 1_000_000


def test_the_snapshot_and_its_reloads(settings: Settings, log: AnswerLog) -> None:
    metrics = Metrics(0, log, folder_of(settings))
    port = free_port()
    end = metrics.serve("127.0.0.1", port)
    try:
        assert not any(key[0] == "santander_model_version" for key in scraped(port))
        metrics.served = Served("2016-06", 3, time.time() - 100)
        metrics.reloaded("taken")
        metrics.reloaded("refused")
        found = scraped(port)
    finally:
        end()
    assert found["santander_model_version", "2016-06"] == 3
    assert 100 <= found["santander_snapshot_age_seconds",] < 160
    assert (found["santander_reloads_total", "taken"], found["santander_reloads_total", "refused"]) == (1, 1)


def test_the_log_and_what_workers_of_this_number_lost_before(settings: Settings, log: AnswerLog) -> None:
    with worker(changed(settings, flush_seconds=600, ring=100)) as killed:
        killed.give(70)
        killed.end(signal.SIGKILL)
    Committer(settings).commit()
    log.append(*answer())
    wait_for(lambda: log.logged == 1)
    log.append(*answer(month=1 << 20))  # cannot be logged
    port = free_port()
    for number, lost in ((0, 70), (1, 0)):
        end = Metrics(number, log, folder_of(settings)).serve("127.0.0.1", port - number)
        try:
            found = scraped(port)
        finally:
            end()
        assert found["santander_log_lost_total",] == lost
    names = ("served_total", "logged_total", "dropped_total", "queue")
    assert [found[f"santander_log_{name}",] for name in names] == [2, 1, 1, 0]
    assert found["santander_log_waiting_bytes",] > 96
    assert 0 <= found["santander_log_waiting_seconds",] < 60


def test_a_port_that_is_taken_is_named(settings: Settings, log: AnswerLog) -> None:
    metrics = Metrics(0, log, folder_of(settings))
    port = free_port()
    end = metrics.serve("127.0.0.1", port)
    try:
        with pytest.raises(InputError, match=f"no metrics on 127.0.0.1:{port}: .*in use"):
            metrics.serve("127.0.0.1", port)
    finally:
        end()
