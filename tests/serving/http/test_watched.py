"""A running service as it is watched and logged: its answers are in its metrics and become rows, also when a worker is killed."""

import os
import signal
from pathlib import Path

from santander.config.settings import Settings
from santander.ledger.published import published, serving_folder
from santander.serving.log.accounts import settled
from santander.serving.snapshot.reading import open_snapshot
from tests.s3_server import free_port
from tests.serving.http.served import Served, own_service, serving
from tests.serving.log.answers import folder_of, predictions
from tests.serving.test_metrics import scraped

NOBODY = 999_999_999


def some_customers(settings: Settings) -> list[int]:
    named = published(settings.data)
    assert named is not None
    return open_snapshot(serving_folder(settings.data) / str(named.month)).ids[:20].tolist()


def asked(service: Served, customers: list[int]) -> dict[int, list[str]]:
    """The products that each customer is told of."""
    answers = {each: service.list_of(each) for each in customers}
    assert {answer.status for answer in answers.values()} == {200}
    return {each: [one["product"] for one in answer.json["recommendations"]] for each, answer in answers.items()}


@own_service
def test_what_is_answered_is_in_the_metrics_and_in_the_table_though_a_worker_is_killed(own: Settings, tmp_path: Path) -> None:
    customers, port = some_customers(own), free_port()
    with serving(own, tmp_path, "--metrics-port", str(port)) as service:
        told = asked(service, customers)
        assert service.list_of(NOBODY).status == 404
        found = scraped(port)
        assert found["santander_answers_total", "snapshot", "200"] == found["santander_log_served_total",] == len(customers)
        assert found["santander_answers_total", "", "404"] == 1
        assert found["santander_answer_seconds_count", "recommendations"] == len(customers) + 1
        assert found["santander_model_version", "2016-06"] > 0
        assert found["santander_log_dropped_total",] == 0

        (before,) = service.workers()
        os.kill(before, signal.SIGKILL)
        told |= asked(service, customers[:5])
        service.wait_for_event("is back")
        assert service.end() == 143
    killed, ended = sorted(settled(folder_of(own)), key=lambda line: line.started_ns)
    assert (killed.served, killed.closed, ended.served, ended.logged, ended.closed) == (20, False, 5, 5, True)
    assert killed.served == killed.logged + killed.dropped + killed.lost
    rows = predictions(own)
    assert len(rows) == killed.logged + ended.logged
    assert {row["key_name"] for row in rows} == {None}, "nobody needed a key"
    assert all(row["products"] == told[row["customer_id"]] for row in rows)
