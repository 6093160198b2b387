"""Packed files: told by their bytes, and one that is broken is named by everyone who reads it, whatever gzip raises."""

import gzip
import hashlib
from pathlib import Path

import pytest

from santander.audit.landing_copy import CannotBeAudited, ready_copy
from santander.config.settings import Settings
from santander.forget.landing import find_landing_files
from santander.forget.search import search
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.landing import sha256_of, survey
from santander.lake.lake import Lake
from santander.storage.kinds import is_packed, open_plain
from santander.suppression.spellings import sorted_ids
from tests.landing_files import header, record

PLAIN = "\n".join([header(), *(record(i) for i in range(10_000, 10_400)), ""]).encode()


def broken(packed: bytes, how: str) -> bytes:
    middle = len(packed) // 2
    return packed[:middle] if how == "truncated" else packed[:middle] + b"\xff" * 16 + packed[middle + 16 :]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_plain_bytes_are_the_same_whether_packed_or_not(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(PLAIN) if name.endswith("gz") else PLAIN)
    assert is_packed(file) == name.endswith("gz")
    with open_plain(file) as plain:
        assert plain.read() == PLAIN
    assert sha256_of(file) == hashlib.sha256(PLAIN).hexdigest()


@pytest.mark.parametrize("how", ["truncated", "overwritten"])
def test_a_broken_file_is_named_and_ends_nothing_else(settings: Settings, tmp_path: Path, how: str) -> None:
    file = settings.data / "raw" / "train_ver2.csv.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(broken(gzip.compress(PLAIN), how))
    for read in (lambda: survey(file, 1 << 20, tmp_path / "scratch"), lambda: sha256_of(file)):
        with pytest.raises(LandingFileRefused, match=r"train_ver2\.csv\.gz"):
            read()
    with pytest.raises(CannotBeAudited, match="cannot be read"):
        ready_copy(str(file), "0" * 64, file.parent, tmp_path)
    ids = sorted_ids([10_001])
    (left,) = find_landing_files(settings, Lake(settings), ids, []).left
    assert left[0] is None
    assert left[1].startswith(f"{file}: cannot be read")
    assert search(settings, ids).traces == []
