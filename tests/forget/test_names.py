"""An id in the name of a file or folder is told whatever stands beside it; digests, uuids and dates raise no alarm."""

from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.forget.decoding import names_in
from santander.forget.search import search
from santander.suppression.spellings import sorted_ids

IDS = sorted_ids([1005072, 12345, 301])


@pytest.mark.parametrize(
    "name",
    [
        "1005072", "customer_id=1005072", "1005072.d", "dir_1005072", "customer_1005072.json", "c_1005072.txt", "c1005072",
        "ES1005072", "1005072L", "v1.1005072.json", "1005072.20150128.csv", "1,005,072", "01005072", "id-1005072-x", "1005072.5",
    ],
)  # fmt: skip
def test_a_name_that_holds_an_id_is_found(name: str) -> None:
    assert names_in(name, IDS).tolist() == [1005072]


@pytest.mark.parametrize(
    "name",
    [
        "snapshot_date=2015-01-28", "12345e6a-4f89-11d3-9a0c-0305e82c3301", "m-f1e2d3c4b5a612345f7e8d9c0b1a2f3e", "21005072",
        "ab12345f" * 8, "part-301.parquet", "10050721", "train_ver2.csv",
    ],
)  # fmt: skip
def test_what_is_no_id_is_not(name: str) -> None:
    assert names_in(name, IDS).size == 0


def test_folders_links_and_files_are_told_by_name_and_ordinary_ones_are_not(settings: Settings) -> None:
    data = settings.data
    assert isinstance(data, Path)
    for folder in ("raw/customer_id=1005072/deep", "raw/c1005072", "lake/x/snapshot_date=2015-01-28", "state/12345/x"):
        (data / folder).mkdir(parents=True)
    (data / "raw" / "ES1005072.txt").write_text("nothing")
    (data / "raw" / "gone").symlink_to("/archive/1005072.csv")
    (data / "raw" / "1005072.link").symlink_to("/archive/nothing")
    traces = [(str(Path(trace.file).relative_to(data)), trace.where) for trace in search(settings, IDS).traces]
    assert sorted(traces) == [
        ("raw/1005072.link", "its name"),
        ("raw/ES1005072.txt", "its name"),
        ("raw/c1005072", "the name of a folder"),
        ("raw/customer_id=1005072", "the name of a folder"),
        ("raw/gone", "the target of a link"),
    ]


def test_constants_in_the_code_of_a_model_are_no_ids(settings: Settings) -> None:
    for name in ("state/mlartifacts/m/artifacts/code/santander/schema/columns.py", "raw/artifacts/code/santander/notes.py"):
        file = Path(settings.data_dir) / name
        file.parent.mkdir(parents=True)
        file.write_text("LOWEST = -1005072\n")
    (trace,) = search(settings, IDS).traces
    assert trace.file.endswith("notes.py")
