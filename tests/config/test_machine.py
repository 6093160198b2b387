"""The limits of control groups, as the kernel writes them."""

from pathlib import Path

import pytest

from santander.config.machine import machine_memory


def group_file(root: Path, path: str, text: str) -> None:
    file = root / "sys/fs/cgroup" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def in_group(root: Path, line: str) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(line + "\n")


def test_without_groups_it_is_what_is_installed(tmp_path: Path) -> None:
    memory = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in Path("/proc/meminfo").read_text().splitlines()}
    assert machine_memory(tmp_path) == memory["MemTotal"]


@pytest.mark.parametrize("own", ["memory.max", "a.service/memory.max", "a.service/b/memory.max"])
def test_the_smallest_limit_on_the_way_to_the_own_group_holds(tmp_path: Path, own: str) -> None:
    in_group(tmp_path, "0::/a.service/b")
    for path in ("memory.max", "a.service/memory.max", "a.service/b/memory.max"):
        group_file(tmp_path, path, "max\n")
    group_file(tmp_path, own, "500000000\n")
    group_file(tmp_path, "another.service/memory.max", "1000\n")
    assert machine_memory(tmp_path) == 500_000_000


def test_in_a_container_the_top_group_is_its_own(tmp_path: Path) -> None:
    in_group(tmp_path, "0::/../../docker/abc")
    group_file(tmp_path, "memory.max", "700000000\n")
    assert machine_memory(tmp_path) == 700_000_000


def test_the_first_version_of_groups_has_a_tree_for_memory(tmp_path: Path) -> None:
    in_group(tmp_path, "5:cpu,cpuacct:/x\n4:memory:/docker/abc")
    group_file(tmp_path, "memory/memory.limit_in_bytes", "9223372036854771712\n")
    group_file(tmp_path, "memory/docker/abc/memory.limit_in_bytes", "600000000\n")
    assert machine_memory(tmp_path) == 600_000_000
