"""The same in a bucket: tables, landing files packed or not, and what is left behind, over a real S3 server."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from santander.forget.places import names_below
from santander.storage.places import open_read, place, whole_file
from tests.landing_files import header, record
from tests.s3_server import S3Server, s3_server

GONE, STAYS = 1375586, 15889
SANTANDER = str(Path(sys.executable).with_name("santander"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        running.make_bucket("lakes")
        yield running


def run(*words: str) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SANTANDER_MASTER")}
    done = subprocess.run(
        [SANTANDER, *words, "--json"], capture_output=True, text=True, timeout=300, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.sample(push=1, of="long verbs")
@pytest.mark.timeout(400)
def test_no_object_names_a_forgotten_customer(server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server.reach(monkeypatch)
    data = "s3a://lakes/bank"
    folders = ["--data-dir", data, "--state-dir", str(tmp_path / "state")]
    lines = [record(20_000 + i) for i in range(150)] + [record(GONE), f"2015-01-28,{GONE}"]
    text = "\n".join([header(), *lines, ""]).encode()
    packed, plain = place(f"{data}/raw/a.csv.gz"), place(f"{data}/raw/b.csv")
    with whole_file(packed) as file:
        file.write(gzip.compress(text))
    with whole_file(plain) as file:
        file.write(text.replace(b"2015-01-28", b"2015-02-28"))
    run("ingest", str(packed), str(plain), *folders)
    held = [path for path in server.folder.rglob("*") if path.is_file() and str(GONE).encode() in plain_bytes(path)]
    assert {path.name.rpartition(".")[2] for path in held} >= {"gz", "csv", "json"}
    said = run("forget", str(GONE), *folders)
    assert (said["rows"]["customers"], said["left"], said["traces"]) == (2, [], [])
    assert sorted(said["files"]) == [f"{data}/raw/a.csv.gz", f"{data}/raw/b.csv"]
    assert [path for path in server.folder.rglob("*") if path.is_file() and str(GONE).encode() in plain_bytes(path)] == []
    with open_read(packed) as file:
        assert gzip.decompress(file.read()).decode().count("\n") == 151
    again = run("ingest", str(packed), str(plain), *folders)
    assert again["months"]["2015-01"] == {"read": 150, "kept": 150, "quarantined": 0, "rows_with_quarantined_values": 0}


def test_folders_of_a_bucket_have_names_too(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.reach(monkeypatch)
    folder = place("s3a://lakes/other")
    for name in (f"raw/customer_id={GONE}/a.txt", f"raw/customer_id={GONE}/b/c.txt", "state/1/d.txt"):
        with whole_file(folder / name) as file:
            file.write(b"nothing")
    named = [(str(name.path), name.text) for name in names_below(folder, without=[folder / "state"])]
    raw = "s3a://lakes/other/raw"
    assert named == [(raw, "raw"), (f"{raw}/customer_id={GONE}", f"customer_id={GONE}"), (f"{raw}/customer_id={GONE}/b", "b")]


def plain_bytes(file: Path) -> bytes:
    content = file.read_bytes()
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
