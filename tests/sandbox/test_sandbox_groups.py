"""Where our control groups are, on the machines that there are, and what is written into them."""

import os
from pathlib import Path

import pytest

from grader.errors import LimitUnavailable
from grader.sandbox.base import MIB, Limits
from grader.sandbox.local import cgroups
from grader.sandbox.local.groups import GroupsV1, GroupsV2, Reading, remove_left, remove_stale

V1_GROUPS = """\
9:name=systemd:/
8:pids:/jobs
4:memory:/jobs/one
2:cpu,cpuacct:/
0::/
"""
V1_MOUNTS = """\
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime shared:7 - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
42 31 0:39 / /tmp rw,relatime - tmpfs tmpfs rw
"""


def test_version_1():
    places = cgroups.places(V1_GROUPS, V1_MOUNTS)
    folders = {name: str(place.folder) for place in places for name in place.controllers}
    assert folders["memory"] == "/sys/fs/cgroup/memory/jobs/one"
    assert folders["pids"] == "/sys/fs/cgroup/pids/jobs"
    assert folders["cpuacct"] == "/sys/fs/cgroup/cpu,cpuacct"
    assert [str(place.folder) for place in places if not place.controllers] == ["/sys/fs/cgroup/unified"]


def test_version_2():
    mounts = "30 23 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    (place,) = cgroups.places("0::/user.slice/user-1000.slice/run.scope\n", mounts)
    assert str(place.folder) == "/sys/fs/cgroup/user.slice/user-1000.slice/run.scope"
    assert str(place.top) == "/sys/fs/cgroup"


def test_in_a_container_that_sees_a_part_of_the_host():
    mounts = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
    (place,) = cgroups.places("4:memory:/docker/abc/inner\n", mounts)
    assert str(place.folder) == "/sys/fs/cgroup/memory/inner"


def test_no_hierarchy():
    assert cgroups.places("", "") == ()


@pytest.fixture
def parent(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


class FakeKernel:
    """Ordinary folders with the files that the kernel would put there."""

    def __init__(self, monkeypatch, files: dict[str, str]) -> None:
        self._files = files
        self._mkdir, self._rmdir = os.mkdir, os.rmdir
        monkeypatch.setattr(os, "mkdir", self.mkdir)
        monkeypatch.setattr(os, "rmdir", self.rmdir)

    def mkdir(self, name: str, dir_fd: int) -> None:
        self._mkdir(name, dir_fd=dir_fd)
        for file, content in self._files.items():
            descriptor = os.open(f"{name}/{file}", os.O_CREAT | os.O_WRONLY, dir_fd=dir_fd)
            os.write(descriptor, content.encode())
            os.close(descriptor)

    def rmdir(self, name: str, dir_fd: int) -> None:
        for file in self._files:
            os.unlink(f"{name}/{file}", dir_fd=dir_fd)
        self._rmdir(name, dir_fd=dir_fd)


V2_FILES = {
    "memory.max": "",
    "memory.swap.max": "",
    "memory.oom.group": "",
    "pids.max": "",
    "cgroup.procs": "",
    "cpu.stat": "usage_usec 1500000\nuser_usec 1000000\n",
    "memory.peak": "4096\n",
    "memory.events": "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 1\n",
}
V1_FILES = {
    "memory.limit_in_bytes": "",
    "memory.memsw.limit_in_bytes": "",
    "memory.swappiness": "",
    "memory.max_usage_in_bytes": f"{62 * MIB}\n",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    "pids.max": "",
    "tasks": "",
    "cpuacct.usage": "2500000000\n",
}


def test_a_version_2_group(parent, tmp_path, monkeypatch):
    FakeKernel(monkeypatch, V2_FILES)
    group = GroupsV2(parent).create("one", Limits(memory_bytes=64 * MIB, processes=9))
    folder = tmp_path / "one"
    assert (folder / "memory.max").read_text() == str(64 * MIB)
    assert (folder / "memory.swap.max").read_text() == "0"
    assert (folder / "memory.oom.group").read_text() == "1"
    assert (folder / "pids.max").read_text() == "9"
    group.attach()
    assert (folder / "cgroup.procs").read_text() == "0"
    assert group.reading() == Reading(1.5, 4096, 1)
    group.remove()
    assert not folder.exists()


def test_a_version_2_group_on_an_old_kernel(parent, tmp_path, monkeypatch):
    """Without memory.peak and without swap."""
    old = {name: text for name, text in V2_FILES.items() if name not in {"memory.peak", "memory.swap.max"}}
    FakeKernel(monkeypatch, old | {"memory.current": "512\n"})
    assert GroupsV2(parent).create("one", Limits()).reading().peak_memory_bytes == 512


def test_a_process_killed_because_the_whole_machine_is_out_of_memory(parent, tmp_path, monkeypatch):
    """The group's own limit was never reached, so the student is not to blame."""
    FakeKernel(monkeypatch, V2_FILES | {"memory.events": "max 0\noom 0\noom_kill 1\n"})
    assert GroupsV2(parent).create("one", Limits()).reading().oom_kills == 0


def test_a_version_1_group(parent, tmp_path, monkeypatch):
    FakeKernel(monkeypatch, V1_FILES)
    folders = []
    for name in ("memory", "pids", "cpuacct"):
        (tmp_path / name).mkdir()
        folders.append(os.open(tmp_path / name, os.O_RDONLY | os.O_DIRECTORY))
    group = GroupsV1(*folders).create("one", Limits(memory_bytes=64 * MIB, processes=9))
    assert (tmp_path / "memory/one/memory.limit_in_bytes").read_text() == str(64 * MIB)
    assert (tmp_path / "memory/one/memory.memsw.limit_in_bytes").read_text() == str(64 * MIB)
    assert (tmp_path / "pids/one/pids.max").read_text() == "9"
    group.attach()
    assert {(tmp_path / name / "one/tasks").read_text() for name in ("memory", "pids", "cpuacct")} == {"0"}
    assert group.reading() == Reading(2.5, 62 * MIB, 3)
    group.remove()
    for descriptor in folders:
        os.close(descriptor)


def test_a_limit_that_cannot_be_written_is_refused_and_leaves_nothing(parent, tmp_path, monkeypatch):
    FakeKernel(monkeypatch, {name: text for name, text in V2_FILES.items() if name != "pids.max"})
    with pytest.raises(LimitUnavailable, match="No such file") as caught:
        GroupsV2(parent).create("one", Limits())
    assert "delegate" in caught.value.remedy


def test_groups_of_dead_owners_are_stale(parent, tmp_path):
    names = [
        "tensorgrade-10-100-1",
        "tensorgrade-10-100-2",
        "tensorgrade-11-100-1",
        "tensorgrade-main",
        "other-10-100-1",
    ]
    for name in names:
        (tmp_path / name).mkdir()
    remove_stale(parent, lambda pid, start_time: (pid, start_time) == (11, 100))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[2:])


def test_what_a_dead_fork_server_left(parent, tmp_path):
    for name in ("tensorgrade-10-100-1", "tensorgrade-10-1000-1"):
        (tmp_path / name).mkdir()
    remove_left(GroupsV2(parent), "tensorgrade-10-100-")
    assert [path.name for path in tmp_path.iterdir()] == ["tensorgrade-10-1000-1"]


def test_owner_prefix_is_about_this_very_process():
    prefix = cgroups.owner_prefix(os.getpid())
    pid, start_time = prefix.split("-")[1:3]
    assert int(pid) == os.getpid()
    assert f" {start_time} " in Path("/proc/self/stat").read_text()
