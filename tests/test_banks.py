"""What all workers share is made once, and made anew when whoever made it died on the way."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.banks import made_once, shared


def test_what_is_shared_is_made_once_and_again_after_a_failure(tmp_path_factory: pytest.TempPathFactory) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        assert not folder.exists(), "what a failure left is gone"
        folder.mkdir()
        made.append(folder)
        if len(made) == 1:
            raise OSError("the disk is full")

    name = "of-test-banks"
    with pytest.raises(OSError, match="the disk is full"):
        made_once(tmp_path_factory, name, make)
    found = [made_once(tmp_path_factory, name, make) for _ in range(3)]
    assert len(made) == 2
    assert {*found} == {made[0]} == {made[1]}


@dataclass(frozen=True)
class Factory:
    """As pytest's own, which makes its folder itself."""

    base: Path

    def getbasetemp(self) -> Path:
        return self.base


def test_workers_share_the_folder_above_theirs_and_a_pytest_that_a_test_starts_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    assert shared(Factory(tmp_path / "pytest-7" / "popen-gw1")) == tmp_path / "pytest-7"
    assert shared(Factory(tmp_path / "pytest-8")) == tmp_path / "pytest-8"
    monkeypatch.delenv("PYTEST_XDIST_WORKER")
    assert shared(Factory(tmp_path / "pytest-9")) == tmp_path / "pytest-9"
