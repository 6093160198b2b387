"""A service whose data folder is a bucket: it answers from its copy, and follows the bucket while that answers."""

import json
import shutil
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.ledger.published import Published, name_published
from santander.offers.objecting import record_objections
from santander.schema.catalogue import PREDICTIONS, SUPPRESSIONS
from santander.schema.months import Month
from santander.serving.snapshot.folders import copies, folder_of
from santander.serving.snapshot.forgetting import forget_in_snapshots
from santander.serving.snapshot.manifest import NAME
from santander.serving.snapshot.reading import open_snapshot, read_manifest
from santander.storage.places import whole_file
from santander.suppression.suppression_list import suppression_list
from tests.banks import TARGET
from tests.s3_server import S3Server, free_port, s3_server
from tests.serving.http.served import Served, own_service, serving, until
from tests.serving.http.test_score import NEW, score

NEXT = Month(2016, 7)
QUICK = {"poll_seconds": "0.1", "log_requests": "false"}


def moved_to_bucket(own: Settings, server: S3Server) -> Settings:
    """The bank in a bucket, with its state here."""
    server.make_bucket("lakes")
    for name in ("lake", "serving"):
        shutil.copytree(own.data / name, server.folder / "lakes" / "bank" / name)
    return Settings.load(data_dir="s3a://lakes/bank", state_dir=str(own.state))


def elsewhere(settings: Settings, folder: Path) -> Settings:
    """The same bank as another host reaches it, with a state of its own and the same key of the list of the erased."""
    (folder / "elsewhere").mkdir()
    shutil.copy(settings.state / "suppression.key", folder / "elsewhere")
    return Settings.load(data_dir=settings.data_dir, state_dir=str(folder / "elsewhere"))


def published_next(server: S3Server, settings: Settings) -> None:
    """Let the bucket have a month after the one that is there."""
    of_bank = server.folder / "lakes" / "bank" / "serving"
    shutil.copytree(of_bank / str(TARGET), of_bank / str(NEXT))
    manifest = json.loads((of_bank / str(NEXT) / NAME).read_text())
    manifest |= {"month": str(NEXT), "as_of": str(NEXT.snapshot)}
    next_folder = folder_of(settings.data, NEXT)
    with whole_file(next_folder / NAME) as out:  # by the server, which knows the digest of each object
        out.write(json.dumps(manifest).encode())
    name_published(settings.data, Published(NEXT, read_manifest(next_folder)[1]))


class Caller:
    """Asks for lists, and knows whose it was given."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def statuses(self, service: Served, *customers: int) -> list[int]:
        found = [service.list_of(each).status for each in customers]
        self.given += [customer for customer, status in zip(customers, found, strict=True) if status == 200]
        return found


@own_service
def test_it_follows_the_bucket_goes_on_without_it_and_starts_without_it(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, caller = free_port(), Caller()
    with ExitStack() as bucket:
        server = bucket.enter_context(s3_server(tmp_path / "s3", port))
        server.reach(monkeypatch)
        there = moved_to_bucket(own, server)
        other = elsewhere(there, tmp_path)
        monkeypatch.setenv("SANTANDER_STATE_DIR", str(there.state))
        ids = [int(each) for each in open_snapshot(own.data / "serving" / str(TARGET)).ids[:6]]
        objects, later, erased, *stay = ids
        with serving(there, tmp_path, **QUICK) as service:
            assert (copies(there) / str(TARGET) / "manifest.json").is_file()
            assert caller.statuses(service, *ids) == [200] * 6
            assert score(service, [NEW]).json["results"][0]["recommendations"]

            record_objections(other, [objects], withdraw=False)
            until(lambda: caller.statuses(service, objects) == [404], "the objection that was made elsewhere")
            digest = suppression_list(other, Lake(other)).digest(erased)
            Lake(other).append_rows(SUPPRESSIONS, [{"digest": digest, "erasure_id": "e"}])
            until(lambda: caller.statuses(service, erased) == [404], "the erasure that was done elsewhere")
            forget_in_snapshots(other, Lake(other), np.array([erased]), dry_run=False)
            service.wait_for_event(f"snapshot of {TARGET} by version")
            published_next(server, there)
            until(lambda: service.ask("/v1/model").json["month"] == str(NEXT), "the new month")

            bucket.close()
            service.wait_for_event("does not answer")
            assert caller.statuses(service, objects, erased, *stay) == [404, 404, 200, 200, 200]
            assert service.ask("/ready").status == 200
            assert service.end() == 143

        with serving(there, tmp_path, **QUICK) as service:
            assert service.line.split()[2] == str(NEXT)
            assert caller.statuses(service, objects, erased, *stay) == [404, 404, 200, 200, 200]
            assert score(service, [NEW]).json["month"] == str(NEXT)
            assert service.ask("/ready").status == 200

            bucket.enter_context(s3_server(tmp_path / "s3", port))
            record_objections(other, [later], withdraw=False)
            until(lambda: caller.statuses(service, later) == [404], "an objection made once the bucket answered again")
            assert service.end() == 143
        rows = Lake(there).rows(PREDICTIONS)
    named = [row["customer_id"] for row in rows if row["source"] == "snapshot"]
    assert sorted(named) == sorted(each for each in caller.given if each != erased)
    assert [row["customer_id"] for row in rows if row["source"] == "model"] == [None, None]
