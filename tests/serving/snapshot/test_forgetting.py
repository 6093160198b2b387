"""Forgotten customers are in no byte of the snapshots, and the others as they were."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from santander.config.settings import Settings
from santander.forget.forget import forget
from santander.forget.search import _OF_SNAPSHOTS, traces_in
from santander.lake.lake import Lake
from santander.ledger.published import published as named
from santander.ledger.published import serving_folder
from santander.serving.snapshot.folders import copies, folder_of, local_folder
from santander.serving.snapshot.forgetting import forget_in_snapshots
from santander.serving.snapshot.publish import publish
from santander.serving.snapshot.reading import Snapshot, open_snapshot
from tests.banks import TARGET

PERSONS = 12


def some_of(snapshot: Snapshot) -> list[int]:
    """Customers whose numbers are long, as eight bytes of other figures may look like a short one."""
    long = snapshot.ids[snapshot.ids > 1_000_000]
    return [int(each) for each in long[:: len(long) // PERSONS][:PERSONS]]


def holding(settings: Settings, persons: list[int]) -> list[str]:
    """Files of snapshots with one of them, as a number of eight bytes or as text."""
    found = []
    for file in (*Path(settings.data_dir, "serving").rglob("*"), *(settings.state / "serving").rglob("*")):
        content = file.read_bytes() if file.is_file() else b""
        if any(struct.pack("<q", person) in content or str(person).encode() in content for person in persons):
            found.append(file.name)
    return found


def test_no_byte_of_any_snapshot_holds_a_forgotten_customer(own: Settings) -> None:
    current = named(own.data)
    assert current is not None
    before = open_snapshot(local_folder(own, current))
    persons = some_of(before)
    arrays = {part: before.array(part) for part in ("ids", "features", "recommendations", "offers")}
    earlier, copy = folder_of(own.data, TARGET - 1), copies(own) / "2016-05"
    for folder in (earlier, copy):
        shutil.copytree(before.folder, folder)
    leftover = serving_folder(own.data) / ".staging" / "ids"
    leftover.parent.mkdir()
    shutil.copyfile(before.folder / before.manifest.parts["ids"], leftover)
    assert len(holding(own, persons)) == 4
    ids = np.array(sorted(persons))
    foretold = forget_in_snapshots(own, Lake(own), ids, dry_run=True)
    assert len(holding(own, persons)) == 4
    done = forget_in_snapshots(own, Lake(own), ids, dry_run=False)
    assert done == foretold == [str(earlier), str(before.folder), str(copy)]
    assert holding(own, persons) == []
    assert not copy.exists()
    for folder in (before.folder, earlier):
        after = open_snapshot(folder)
        stays = ~np.isin(arrays["ids"], persons)
        assert after.manifest.customers == len(after.ids) == len(stays) - len(persons)
        for part, array in arrays.items():
            assert after.array(part).tobytes() == array[stays].tobytes()
        assert set(after.manifest.parts) == set(before.manifest.parts)
    renamed = named(own.data)
    assert renamed is not None
    assert renamed.manifest == open_snapshot(before.folder).digest != current.manifest


def test_the_search_finds_customers_in_snapshots_and_takes_no_figure_for_one(own: Settings) -> None:
    folder = folder_of(own.data, TARGET)
    snapshot = open_snapshot(folder)
    persons = np.array(sorted(some_of(snapshot)))
    (trace,) = traces_in(own, folder / snapshot.manifest.parts["ids"], persons, is_ours=True).traces
    assert (trace.where, trace.count) == ("a value", PERSONS)
    figures = [file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("ids-")]
    assert figures
    assert all(_OF_SNAPSHOTS.fullmatch(str(file)) for file in figures)


@pytest.mark.sample(push=1, of="long verbs")
def test_forget_reaches_the_snapshots_and_the_next_is_without_them(own: Settings) -> None:
    snapshot = open_snapshot(folder_of(own.data, TARGET))
    persons = some_of(snapshot)
    foretold = forget(own, persons, [], dry_run=True)
    done = forget(own, persons, [])
    assert done.complete
    assert str(snapshot.folder) in set(done.files) & set(foretold.files)
    assert holding(own, persons) == []
    assert publish(own, None).customers == len(snapshot.ids) - len(persons)
    assert holding(own, persons) == []


def test_a_snapshot_that_cannot_be_read_goes_with_who_may_be_in_it(own: Settings) -> None:
    folder = folder_of(own.data, TARGET)
    assert isinstance(folder, Path)
    ids = np.array([int(open_snapshot(folder).ids[3])])
    next(folder.glob("ids-*.npy")).write_bytes(b"\x93NUMPY")
    assert forget_in_snapshots(own, Lake(own), ids, dry_run=False) == [str(folder)]
    assert not folder.exists()


def test_of_whom_no_snapshot_has_none_is_rewritten(own: Settings) -> None:
    assert forget_in_snapshots(own, Lake(own), np.array([7]), dry_run=False) == []
