"""A snapshot in a bucket: published there, copied to the local disk, forgotten there; over a real S3 server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.ledger.published import published as named
from santander.serving.snapshot.folders import copies, local_folder
from santander.serving.snapshot.forgetting import forget_in_snapshots
from santander.serving.snapshot.manifest import BrokenSnapshot
from santander.serving.snapshot.publish import publish
from santander.serving.snapshot.reading import open_snapshot
from santander.storage.bucket import BucketPath
from tests.s3_server import S3Server, s3_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        running.make_bucket("lakes")
        yield running


def test_a_month_is_published_to_a_bucket_and_answered_from_a_copy(
    own: Settings, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.reach(monkeypatch)
    before = open_snapshot(Path(own.data_dir) / "serving" / "2016-06")
    shutil.copytree(Path(own.data_dir) / "lake", server.folder / "lakes" / "bank" / "lake")
    there = Settings.load(data_dir="s3a://lakes/bank", state_dir=str(own.state))
    done = publish(there, None)
    assert (done.folder, done.up_to_date) == ("s3a://lakes/bank/serving/2016-06", False)
    assert publish(there, None).up_to_date
    current = named(there.data)
    assert current is not None
    snapshot = open_snapshot(local_folder(there, current))
    assert snapshot.folder == copies(there) / "2016-06"
    assert snapshot.digest == current.manifest
    assert snapshot.manifest.files == before.manifest.files
    # a copy is brought up to date: what is there stays, what is not goes
    inode = (snapshot.folder / snapshot.manifest.parts["features"]).stat().st_ino
    (snapshot.folder / "stray").write_bytes(b"")
    shutil.copytree(snapshot.folder, copies(there) / "2016-05")
    (snapshot.folder / snapshot.manifest.parts["ids"]).write_bytes(b"half")
    assert open_snapshot(local_folder(there, current)).ids.tolist() == before.ids.tolist()
    assert (snapshot.folder / snapshot.manifest.parts["features"]).stat().st_ino == inode
    assert not (snapshot.folder / "stray").exists()
    assert [folder.name for folder in copies(there).iterdir()] == ["2016-06"], "the bucket has no other month"
    gone = np.array(before.ids[:2])
    assert forget_in_snapshots(there, Lake(there), gone, dry_run=False) == [
        "s3a://lakes/bank/serving/2016-06",
        str(snapshot.folder),
    ]
    assert not snapshot.folder.exists()
    renamed = named(there.data)
    assert renamed is not None
    assert open_snapshot(local_folder(there, renamed)).ids.tolist() == before.ids[2:].tolist()
    in_bucket = [
        file for file in (server.folder / "lakes" / "bank" / "serving" / "2016-06").iterdir() if file.name.startswith("ids-")
    ]
    assert len(in_bucket) == 1
    assert not np.isin(np.load(in_bucket[0]), gone).any()
    in_bucket[0].write_bytes(b"broken")
    shutil.rmtree(copies(there))
    with pytest.raises(BrokenSnapshot, match="bytes"):
        local_folder(there, renamed)
    assert isinstance(there.data, BucketPath)
