"""Snapshots of two folders: equal in a copy, different where a customer is left out, not compared where one side has none."""

import shutil
from pathlib import Path

from santander.compare.comparison import Part, Verdict
from santander.compare.snapshots import NOT_PUBLISHED, compare_snapshots
from santander.config.settings import Settings
from santander.offers.objecting import record_objections
from santander.serving.snapshot.folders import folder_of
from santander.serving.snapshot.publish import publish
from santander.serving.snapshot.reading import open_snapshot
from tests.banks import TARGET, copied


def the_part(here: Settings, there: Settings, reason: str | None = None) -> Part:
    (compared,) = compare_snapshots(here, there, lambda _month: reason, 1e-6)
    assert compared.name == "serving"
    (part,) = compared.parts
    assert part.month == TARGET
    return part


def test_lists_that_are_served_are_compared(published: Settings, tmp_path: Path) -> None:
    other = copied(Path(published.data_dir), tmp_path / "other")
    assert the_part(published, other).verdict is Verdict.EQUAL
    assert the_part(published, other, "scored by different models").reason == "scored by different models"
    gone = int(open_snapshot(folder_of(other.data, TARGET)).ids[9])
    record_objections(other, [gone], withdraw=False)
    publish(other, None)
    difference = the_part(published, other).difference
    assert difference is not None
    assert (difference.only_there, difference.columns) == (0, {})
    assert 7 <= difference.only_here <= 14
    assert all(str(gone) in example for example in difference.examples)
    next(folder_of(other.data, TARGET).glob("offers-*.npy")).write_bytes(b"")
    assert "offers-" in (the_part(published, other).reason or "")
    shutil.rmtree(folder_of(other.data, TARGET))
    assert the_part(published, other).reason == NOT_PUBLISHED
    assert compare_snapshots(other, other, lambda _month: None, 1e-6) == []
