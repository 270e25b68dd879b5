"""GPUs of containers, up to the engine call: what exactly is asked of the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import InfrastructureError, LimitUnavailable
from grader.sandbox.base import Limits, Result, Status, Usage
from grader.sandbox.docker.gpus import GpuPool
from grader.sandbox.docker.host_config import Machine, create_body
from grader.sandbox.docker.options import DockerOptions
from grader.sandbox.gpu import GpuOptions, Leases

IDS = ("GPU-aaaaaaaa-1111-2222-3333-444444444444", "MIG-bbbbbbbb-0000-0000-0000-000000000000")
ENGINE = Machine(cpus=4, cgroup_version=2, runtimes=("runc",))
SMI = """#!/bin/sh
case "$1" in
  -L) echo "GPU 0: NVIDIA H200 (UUID: {id})" ;;
  *) echo "0, {id}, NVIDIA H200, 570.86.15, 143771 MiB, 4 MiB, 00000000:01:00.0" ;;
esac
"""


def host_config(gpus: int, ids: tuple[str, ...] = IDS) -> dict:
    return create_body(Limits(gpus=gpus), DockerOptions(gpu_ids=ids), ENGINE)["HostConfig"]


def test_without_gpus_no_device_is_asked_for():
    assert "DeviceRequests" not in host_config(0)
    assert "Devices" not in host_config(0)


def test_exactly_the_leased_gpu_is_asked_for():
    wanted = {
        "Driver": "",
        "Count": 0,  # by id, never by count: the engine would choose
        "DeviceIDs": [IDS[0]],
        "Capabilities": [["gpu", "compute", "utility"]],
    }
    assert host_config(1, IDS[:1])["DeviceRequests"] == [wanted]


def test_a_slice_is_asked_for_by_its_uuid():
    assert host_config(1, IDS[1:])["DeviceRequests"][0]["DeviceIDs"] == [IDS[1]]


def test_two_gpus_of_one_sandbox_are_one_request():
    (request,) = host_config(2)["DeviceRequests"]
    assert request["DeviceIDs"] == list(IDS)


def test_a_gpu_changes_nothing_else_of_the_hardening():
    """But for what CUDA needs: address space and pinned memory, which the group still counts, /sys, and
    the driver's calls (test_docker_profile.py)."""
    plain, gpu = host_config(0), host_config(1)
    different = {name for name in gpu if gpu[name] != plain.get(name)}
    assert different == {"DeviceRequests", "MaskedPaths", "Ulimits", "SecurityOpt"}
    without = {limit["Name"] for limit in plain["Ulimits"]} - {limit["Name"] for limit in gpu["Ulimits"]}
    assert without == {"data", "memlock"}


def test_more_than_may_be_had_is_refused():
    with pytest.raises(LimitUnavailable, match="gpus = 3"):
        host_config(3)


class Started:
    """A container as far as the pool cares."""

    def __init__(self, gpus: tuple[str, ...]) -> None:
        self.id = "c0ffee"
        self.gpus = gpus
        self.ended = 0

    def stop(self, *, wait: bool) -> Result:
        assert wait  # its GPU can only be looked at when it is gone
        self.ended += 1
        return Result(Status.STOPPED, Usage(1.0, 2.0, 3))


class NoPool:
    """Nothing without a GPU is asked for in these tests."""

    def ids(self) -> set[str]:
        return {"warm"}

    def close(self) -> None:
        pass


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    """Of a machine with one GPU, as far as files go."""
    for name in ("dev", "usr/bin"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("nvidiactl", "nvidia-uvm", "nvidia0"):
        (tmp_path / "dev" / name).touch()
    program = tmp_path / "usr/bin/nvidia-smi"
    program.write_text(SMI.format(id=IDS[0]))
    program.chmod(0o755)
    return Leases(GpuOptions(root=str(tmp_path), locks=str(tmp_path / "locks")), 5.0, 0.2)


def test_each_container_starts_with_the_gpu_that_is_its_own(leases):
    pool = GpuPool(NoPool(), leases, lambda _limits, gpus: Started(gpus))
    container = pool.take(Limits(gpus=1))
    assert container.gpus == IDS[:1]
    assert pool.ids() == {"warm", "c0ffee"}  # so that nobody takes it for one that was left behind
    usage = pool.end(container, wait=False).usage
    assert (container.ended, usage.gpu_name, usage.peak_gpu_memory_bytes) == (1, "NVIDIA H200", 0)
    again = pool.take(Limits(gpus=1))  # waits until the GPU was looked at
    assert pool.ids() == {"warm", "c0ffee"}
    pool.close()
    assert again.ended == 1


def test_a_start_that_fails_gives_the_gpu_back(leases):
    def fail(_limits: Limits, _gpus: tuple[str, ...]) -> Started:
        raise InfrastructureError("The engine is away.")

    with pytest.raises(InfrastructureError, match="away"):
        GpuPool(NoPool(), leases, fail).take(Limits(gpus=1))
    leases.lease().release()
