"""The exact thing that the engine is asked for."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from grader.errors import LimitUnavailable
from grader.sandbox.base import MIB, Limits
from grader.sandbox.docker import profile
from grader.sandbox.docker.host_config import HARNESS_BYTES, Machine, create_body
from grader.sandbox.docker.options import DockerOptions

MACHINE = Machine(cpus=4, cgroup_version=2, runtimes=("runc", "runsc"))
OPTIONS = DockerOptions(owner="here:1:2")
LIMITS = Limits(
    cpu_seconds=10.0, memory_bytes=512 * MIB, processes=32, open_files=100, tmp_bytes=64 * MIB, tmp_files=400
)
TMPFS = "rw,nosuid,nodev,noexec,size={},nr_inodes={},mode=0700,uid=10001,gid=10001"


def test_the_whole_body():
    memory = 512 * MIB + HARNESS_BYTES
    wanted = {
        "cpu": 80, "nofile": 100, "fsize": 64 * MIB, "data": 3 * 1024 * MIB, "core": 0,
        "memlock": 65536, "msgqueue": 0, "sigpending": 1024, "nice": 0, "rtprio": 0,
    }  # fmt: skip
    body = create_body(LIMITS, OPTIONS, MACHINE)
    host = body.pop("HostConfig")
    assert body == {
        "Image": "tensorgrade-sandbox:latest",
        "Cmd": ["--threads", "1", "--output-bytes", "1048576"],
        "User": "10001:10001",
        "Hostname": "sandbox",
        "WorkingDir": "/",
        "Tty": False,
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "NetworkDisabled": True,
        "Labels": {"tensorgrade.sandbox": "1", "tensorgrade.owner": "here:1:2"},
    }
    masked = host.pop("MaskedPaths")
    assert {"/sys", "/proc/kcore", "/proc/keys"} <= set(masked)
    assert host == {
        "NetworkMode": "none",
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "Privileged": False,
        "ReadonlyRootfs": True,
        "Tmpfs": {
            "/sandbox": TMPFS.format(48 * MIB, 305),
            "/dev/shm": TMPFS.format(16 * MIB, 101),
        },
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={profile.text()}"],
        "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        "PidsLimit": 33,
        "Memory": memory,
        "MemorySwap": memory,
        "NanoCpus": 10**9,
        "Ulimits": [{"Name": name, "Soft": value, "Hard": value} for name, value in wanted.items()],
        "OomScoreAdj": 500,
        "Init": True,
        "LogConfig": {"Type": "none", "Config": {}},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "AutoRemove": False,
    }


def test_swappiness_is_for_version_1_of_control_groups():
    host = create_body(LIMITS, OPTIONS, replace(MACHINE, cgroup_version=1))["HostConfig"]
    assert host["MemorySwappiness"] == 0


def test_processors_follow_the_threads_as_far_as_there_are_any():
    asked = [
        create_body(replace(LIMITS, threads=n), OPTIONS, MACHINE)["HostConfig"]["NanoCpus"] for n in (1, 3, 9)
    ]
    assert asked == [1 * 10**9, 3 * 10**9, 4 * 10**9]


def test_a_runtime_is_asked_for_by_name():
    host = create_body(LIMITS, replace(OPTIONS, runtime="runsc"), MACHINE)["HostConfig"]
    assert host["Runtime"] == "runsc"
    with pytest.raises(LimitUnavailable, match="kata"):
        create_body(LIMITS, replace(OPTIONS, runtime="kata"), MACHINE)


def test_gpus_are_asked_for_by_id():
    options = replace(OPTIONS, gpu_ids=("GPU-a", "GPU-b"))
    host = create_body(replace(LIMITS, gpus=1), options, MACHINE)["HostConfig"]
    assert f"seccomp={profile.text(gpu=True)}" in host["SecurityOpt"]
    (request,) = host["DeviceRequests"]
    assert request["DeviceIDs"] == ["GPU-a"]
    assert ["gpu", "compute", "utility"] in request["Capabilities"]
    with pytest.raises(LimitUnavailable, match="gpus = 3"):
        create_body(replace(LIMITS, gpus=3), options, MACHINE)


@pytest.mark.parametrize("name", [field.name for field in fields(Limits) if field.name != "gpus"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_a_limit_that_is_none_is_refused(name, value):
    with pytest.raises(LimitUnavailable, match=name):
        create_body(replace(LIMITS, **{name: value}), OPTIONS, MACHINE)


def test_what_the_kernel_lacks_is_refused():
    info = {"NCPU": 2, "CgroupVersion": "1", "MemoryLimit": True, "PidsLimit": True, "CpuCfsQuota": True}
    with pytest.raises(LimitUnavailable, match="swap"):
        create_body(LIMITS, OPTIONS, Machine.of(info))
    assert create_body(LIMITS, OPTIONS, Machine.of(info | {"SwapLimit": True}))
