"""Which snapshots are written, kept and removed, and what is said of broken ones."""

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.ledger.published import current_file, serving_folder
from santander.ledger.published import published as named
from santander.offers.objecting import record_objections
from santander.registry.versions import registered
from santander.schema.catalogue import FEATURES_TABLE
from santander.schema.months import Month
from santander.serving.snapshot.folders import folder_of, local_folder
from santander.serving.snapshot.manifest import BrokenSnapshot
from santander.serving.snapshot.publish import publish
from santander.serving.snapshot.reading import Snapshot, open_snapshot
from santander.serving.snapshot.upkeep import tidy_snapshots
from tests.banks import TARGET
from tests.environment import without_settings

SANTANDER = str(Path(sys.executable).with_name("santander"))


def opened(settings: Settings) -> Snapshot:
    current = named(settings.data)
    assert current is not None
    return open_snapshot(local_folder(settings, current))


def files_of(settings: Settings) -> dict[str, int]:
    folder = serving_folder(settings.data)
    assert isinstance(folder, Path)
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def test_nothing_is_written_where_all_is_as_it_was_also_in_a_copied_folder(own: Settings) -> None:
    before = files_of(own)
    done = publish(own, None)
    assert (done.month, done.up_to_date, done.removed_months) == (TARGET, True, [])
    assert files_of(own) == before
    assert not any(
        str(own.data).encode() in file.read_bytes() for file in Path(own.data_dir, "serving").rglob("*") if file.is_file()
    )


def test_who_objects_later_is_left_out_of_the_next_snapshot(own: Settings) -> None:
    before = opened(own)
    one = int(before.ids[7])
    record_objections(own, [one], withdraw=False)
    done = publish(own, None)
    assert (done.up_to_date, done.customers) == (False, len(before.ids) - 1)
    assert opened(own).row(one) is None
    assert before.row(one) == 7, "what was mapped before stays readable"


def damaged(file: Path, how: str) -> None:
    if how == "missing":
        file.unlink()
    elif how == "shorter":
        file.write_bytes(file.read_bytes()[:-5])
    else:
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)


@pytest.mark.parametrize(
    ("part", "how", "said"), [("features", "shorter", "bytes"), ("offers", "other", "digest"), ("ids", "missing", "missing")]
)
def test_a_broken_file_is_named_and_the_month_is_published_anew(own: Settings, part: str, how: str, said: str) -> None:
    before = opened(own)
    file = before.folder / before.manifest.parts[part]
    damaged(file, how)
    with pytest.raises(BrokenSnapshot, match=said) as refused:
        opened(own)
    assert refused.value.file == str(file)
    assert "santander publish" in str(refused.value)
    assert not publish(own, None).up_to_date
    assert opened(own).manifest.files == before.manifest.files


def test_a_manifest_that_is_missing_or_cut_off_is_no_snapshot(own: Settings) -> None:
    manifest = opened(own).folder / "manifest.json"
    written = manifest.read_text()
    for text in (None, written[:200], json.dumps({"format": 99}), written.replace('"ids-', '"../ids-')):
        manifest.unlink()
        if text is not None:
            manifest.write_text(text)
        with pytest.raises(BrokenSnapshot, match=r"manifest\.json"):
            opened(own)
        if text is None:
            manifest.touch()
    current_file(own.data).write_text("{")
    assert not publish(own, None).up_to_date
    assert opened(own).month == TARGET


def test_the_oldest_months_go_and_never_the_one_that_is_served(own: Settings) -> None:
    folder = folder_of(own.data, TARGET)
    for month in ("2016-03", "2016-04", "2016-05", "2016-07"):
        shutil.copytree(folder, serving_folder(own.data) / month)
    assert publish(own, None).removed_months == [Month(2016, 3), Month(2016, 4)]
    kept_one = own.model_copy(update={"serving": own.serving.model_copy(update={"months_kept": 1})})
    assert publish(kept_one, None).removed_months == [Month(2016, 5), Month(2016, 7)]
    assert opened(own).month == TARGET


def test_what_nothing_needs_is_counted_and_removed(own: Settings) -> None:
    folder, lake = folder_of(own.data, TARGET), Lake(own)
    strays = [
        folder / "offers-00000000.npy",
        folder / "model-00000000" / "kind.json",
        serving_folder(own.data) / ".staging" / "ids",
    ]
    for stray in strays:
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_bytes(b"12345")
    for dry_run in (True, False):
        found = tidy_snapshots(own, lake, dry_run=dry_run)
        assert (found.months, found.deleted, found.bytes_freed) == (1, 3, 15)
    assert not any(stray.exists() or (stray.parent != folder and stray.parent.exists()) for stray in strays)
    assert tidy_snapshots(own, lake, dry_run=False).deleted == 0
    opened(own)


def test_what_cannot_be_published_is_refused_with_the_remedy(own: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no recommendations yet: 'santander run' makes them"):
        publish(Settings.load(data_dir=str(tmp_path / "none")), None)
    with pytest.raises(
        InputError, match=r"no recommendations for 2016-04 \(those there are: 2016-06\).*santander score --month 2016-04"
    ):
        publish(own, Month(2016, 4))
    record_objections(own, [int(opened(own).ids[0])], withdraw=False)  # so that there is something to write
    before = files_of(own)
    (version,) = {opened(own).version}
    folder = registered(own)[version].folder()
    assert folder is not None
    folder.rename(folder.with_name("gone"))
    with pytest.raises(
        InputError, match=rf"version {version}, which made the lists of 2016-06, are gone.*santander score --month 2016-06"
    ):
        publish(own, None)
    folder.with_name("gone").rename(folder)
    Lake(own).delta(FEATURES_TABLE).delete(f"snapshot_date = '{TARGET.snapshot}'")
    with pytest.raises(InputError, match=r"no features for 2016-06.*santander features --month 2016-06"):
        publish(own, None)
    assert files_of(own) == before


def test_a_full_disk_leaves_what_is_served(own: Settings) -> None:
    record_objections(own, [int(opened(own).ids[0])], withdraw=False)
    before = files_of(own)

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [SANTANDER, "publish", "--data-dir", own.data_dir],
        capture_output=True, text=True, env=without_settings(), preexec_fn=little_room, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "no space left on the disk: nothing that was there is lost" in done.stderr.splitlines()[-1]
    assert files_of(own) == before


def test_a_publish_that_died_before_it_named_the_month_is_ended_by_the_next(own: Settings) -> None:
    current = current_file(own.data).read_text()
    record_objections(own, [int(opened(own).ids[0])], withdraw=False)
    publish(own, None)
    digest = opened(own).digest
    Path(str(current_file(own.data))).write_text(current)  # as it was before the last step
    assert opened(own).digest == digest, "the month is there whole"
    before = files_of(own)
    assert not publish(own, None).up_to_date
    assert named(own.data).manifest == digest
    assert {name for name, time in files_of(own).items() if before[name] != time} == {"current.json"}


@pytest.mark.sample(push=1, of="long verbs")
def test_run_publishes_where_the_setting_says_so(own: Settings) -> None:
    shutil.rmtree(serving_folder(own.data))
    words = [SANTANDER, "run", "--no-train", "--month", "2016-06", "--json", "--data-dir", own.data_dir]
    for asked in (False, True):
        environment = without_settings() | {"SANTANDER_SERVING__WITH_RUN": str(asked).lower()}
        done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
        said = json.loads(done.stdout)["published"]
        assert (said and said["month"]) == ("2016-06" if asked else None)
    assert opened(own).month == TARGET


def test_the_verb_says_what_it_did_and_status_which_month_is_served(own: Settings) -> None:
    def run(*words: str) -> dict[str, object]:
        done = subprocess.run(
            [SANTANDER, *words, "--json", "--data-dir", own.data_dir],
            capture_output=True,
            text=True,
            env=without_settings(),
            check=True,
        )
        return dict(json.loads(done.stdout))

    said = run("publish", "--month", "2016-06")
    assert (said["month"], said["up_to_date"], said["offers"], said["reasons"], said["left_out"]) == (
        "2016-06",
        True,
        True,
        True,
        3,
    )
    assert run("status")["served_month"] == "2016-06"
    shutil.rmtree(serving_folder(own.data))
    assert run("status")["served_month"] is None
