"""The cores and the memory that this process can have: the machine's, or less where a container or a service limits it."""

import os
from collections.abc import Iterator
from pathlib import Path

_NO_LIMIT = 1 << 60
"""The first version of control groups writes a number near 2**63 where there is no limit."""


def cores() -> int:
    """Cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def machine_memory(root: Path = Path("/")) -> int:
    """Bytes of memory, the smallest of the machine's and the limits of every control group that this process is in.

    ``root`` is where ``proc`` and ``sys`` are looked for; a system that has neither counts as without limits.
    """
    return min([_installed(), *_group_limits(root)])


def _installed() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # Windows has none of it
        return _NO_LIMIT


def _group_limits(root: Path) -> Iterator[int]:
    """Limits of the process's control group and of those it lies in, of either version."""
    for folder, name in _limit_files(root):
        try:
            text = (folder / name).read_text().strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < _NO_LIMIT:
            yield int(text)


def _limit_files(root: Path) -> Iterator[tuple[Path, str]]:
    try:
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for group in groups:
        _, controllers, path = group.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top, name = ("sys/fs/cgroup/memory", "memory.limit_in_bytes") if controllers else ("sys/fs/cgroup", "memory.max")
        own = root / top / path.strip("/")
        # in a container the path is the host's, while the top of the tree is the container's own group
        for folder in (own, *own.parents):
            yield folder, name
            if folder == root / top:
                break
