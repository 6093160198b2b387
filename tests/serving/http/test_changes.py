"""What changes while requests go on: a month is published, a broken one is not taken, somebody objects or is erased."""

import json
import os
import shutil
import signal
import threading
from pathlib import Path

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.ledger.published import Published, name_published
from santander.ledger.published import published as named
from santander.offers.objecting import record_objections
from santander.schema.catalogue import SUPPRESSIONS
from santander.schema.months import Month
from santander.serving.snapshot.folders import folder_of
from santander.serving.snapshot.manifest import NAME
from santander.serving.snapshot.reading import open_snapshot, read_manifest
from santander.suppression.suppression_list import suppression_list
from tests.banks import TARGET
from tests.serving.http.served import Served, own_service, serving, until

NEXT = Month(2016, 7)


def republished(settings: Settings, month: Month) -> None:
    """Let the month that is there be another one, under another version, as a later one would be."""
    source, target = (Path(str(folder_of(settings.data, each))) for each in (TARGET, month))
    if target != source:
        shutil.copytree(source, target)
    manifest = json.loads((source / NAME).read_text())
    manifest |= {"month": str(month), "version": manifest["version"] + 1, "as_of": str(month.snapshot)}
    (target / NAME).write_text(json.dumps(manifest))
    name_published(settings.data, Published(month, read_manifest(target)[1]))


def replaced(file: Path, content: bytes) -> None:
    """Put another file in its place: what is mapped of the one before stays what it was."""
    other = file.with_name("other")
    other.write_bytes(content)
    other.replace(file)


class Caller(threading.Thread):
    """Asks without a pause, on one connection after the other, and keeps what it saw."""

    def __init__(self, service: Served, customer: int) -> None:
        super().__init__()
        self._service, self._customer = service, customer
        self.ends = threading.Event()
        self.broken = 0
        """Connections that ended without an answer."""
        self.seen: list[tuple[int, str | None, int | None]] = []

    def run(self) -> None:
        while not self.ends.is_set():
            try:
                answer = self._service.list_of(self._customer)
            except OSError:
                self.broken += 1
                continue
            body = answer.json
            self.seen.append((answer.status, body.get("month"), body.get("model_version")))


@own_service
def test_a_month_is_taken_in_under_load_and_a_broken_one_is_not(own: Settings, tmp_path: Path) -> None:
    snapshot = open_snapshot(Path(str(folder_of(own.data, TARGET))))
    customer, version = int(snapshot.ids[0]), snapshot.version
    with serving(own, tmp_path, "--workers", "2", poll_seconds="0.05", log_requests="false") as service:
        caller = Caller(service, customer)
        caller.start()
        until(lambda: caller.seen, "an answer")
        republished(own, NEXT)
        until(lambda: (200, str(NEXT), version + 1) in caller.seen, "the new month")
        taken = f"snapshot of {NEXT} by version {version + 1} taken in"
        until(lambda: sum(each["event"] == taken for each in service.events()) == 2, "the new month in both workers")

        current = named(own.data)
        folder = Path(str(folder_of(own.data, TARGET)))
        lists = next(folder.glob("recommendations-*.npy"))
        whole = lists.read_bytes()
        replaced(lists, whole[:-1])
        name_published(own.data, Published(TARGET, read_manifest(folder)[1]))
        said = service.wait_for_event("snapshot refused")
        assert lists.name in said["event"]
        assert f"{NEXT} is served" in said["event"]
        assert service.list_of(customer).json["month"] == str(NEXT)
        assert service.ask("/ready").status == 200

        os.kill(service.workers()[0], signal.SIGKILL)
        service.wait_for_event("is back, and serves 2016-07")
        replaced(lists, whole)
        until(lambda: service.list_of(customer).json["month"] == str(TARGET), "the month that was mended")
        assert current is not None
        caller.ends.set()
        caller.join()
    assert {status for status, _, _ in caller.seen} == {200}
    assert caller.broken <= 1, "at most the one in the worker that was killed"
    assert {seen[1:] for seen in caller.seen} <= {(str(TARGET), version), (str(NEXT), version + 1)}, "no answer mixes two months"


@own_service
def test_who_objects_or_is_erased_is_not_answered_from_the_next_request_on(own: Settings, tmp_path: Path) -> None:
    snapshot = open_snapshot(Path(str(folder_of(own.data, TARGET))))
    objects, stays = (int(each) for each in snapshot.ids[:2])
    with serving(own, tmp_path, poll_seconds="3600") as service:
        assert [service.list_of(each).status for each in (objects, stays)] == [200, 200]
        record_objections(own, [objects], withdraw=False)
        assert [service.list_of(each).status for each in (objects, stays)] == [404, 200]
        body = {"customer_ids": [objects, stays]}
        results = service.ask("/v1/recommendations", method="POST", body=body).json["results"]
        assert ["error" in each for each in results] == [True, False]
        record_objections(own, [objects], withdraw=True)
        assert service.list_of(objects).status == 200
        erased = int(snapshot.ids[3])
        assert service.list_of(erased).status == 200
        digest = suppression_list(own, Lake(own), make_key=True).digest(erased)
        Lake(own).append_rows(SUPPRESSIONS, [{"digest": digest, "erasure_id": "one"}])
        assert service.list_of(erased, "?fallback=popularity").status == 404
        again = [int(each) for each in snapshot.ids[2:3]]
        record_objections(own, again, withdraw=False)
        (own.state / "suppression.key").rename(own.state / "elsewhere")
        answer = service.list_of(stays)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1"), "nobody can tell who objects"
        assert "key of that list is missing" in service.wait_for_event("nobody is answered")["event"]
        assert service.ask("/ready").status == 503
        (own.state / "elsewhere").rename(own.state / "suppression.key")
        assert [service.list_of(each).status for each in (*again, stays)] == [404, 200]
        assert service.ask("/ready").status == 200
