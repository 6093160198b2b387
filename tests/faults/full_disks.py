"""A disk that is full: a small tmpfs of its own, which takes root or sudo to mount."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.needs import lacking

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system of a few megabytes."""

    folder: Path

    @property
    def free(self) -> int:
        return shutil.disk_usage(self.folder).free

    def leave_free(self, n_bytes: int) -> None:
        """Fill it up but for so many bytes."""
        with (self.folder / "filler").open("wb") as filler:
            filler.write(b"\0" * (self.free - n_bytes))

    def make_room(self) -> None:
        (self.folder / "filler").unlink()


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[SmallDisk]:
    """Mount a disk of this size; the test is skipped where that is not allowed."""
    folder.mkdir(parents=True)
    owner = f"uid={os.getuid()},gid={os.getgid()}"
    _as_root("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0755,{owner}", "tmpfs", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        _as_root("umount", "--lazy", str(folder))


def _as_root(*words: str) -> None:
    if os.getuid() != 0:
        if shutil.which("sudo") is None:
            lacking("a small disk takes root, or sudo, to mount")
        words = ("sudo", "--non-interactive", *words)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        lacking(f"no small disk can be mounted here: {done.stderr.strip()}")
