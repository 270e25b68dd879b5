"""Limits and attacks, in real containers."""

from __future__ import annotations

import textwrap
import threading
import time
from pathlib import Path

import pytest
import torch
from containers import OWNER, Plain, Room

from grader.errors import CallTimeout, InfrastructureError, RemoteException, SandboxDied, WireError
from grader.sandbox.base import MIB, Limits, Status
from grader.sandbox.docker.container import Container
from grader.sandbox.docker.host_config import create_body
from grader.sandbox.docker.options import DockerOptions
from grader.wire.connection import DeadlinePassed

ATTACKS = (Path(__file__).parent / "inside_attacks.py").read_text()


def end_of(room, call, *arguments) -> Status:
    """How the sandbox ended that makes this call."""
    with pytest.raises(SandboxDied) as died:
        getattr(room, call)(*arguments)
    return Status(died.value.status)


def is_gone(engine, identity: str) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not engine.containers(all=True, filters={"id": identity}):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def shared(backend):
    """One sandbox for everything that does not end it."""
    made = Room(backend, ATTACKS, tmp_bytes=16 * MIB, tmp_files=200, open_files=64, processes=40, threads=2)
    yield made
    made.session.stop(wait=True)


def test_tensors_go_in_and_come_back(shared):
    values = torch.randn(1000, 1000)
    assert torch.equal(shared.echo(values), values)


def test_the_files_written_are_limited(shared):
    folder, bytes_in_folder = "/sandbox", shared.fill("/sandbox/tmp/full")
    assert 8 * MIB < bytes_in_folder <= 16 * MIB, folder
    assert shared.fill("/dev/shm/full") <= 4 * MIB


def test_both_places_together_hold_no_more_than_tmp_bytes(shared):
    assert shared.fill("/sandbox/tmp/a", True) + shared.fill("/dev/shm/a", True) <= 16 * MIB


def test_the_number_of_files_is_limited(shared):
    assert 100 < shared.make_files("/sandbox/tmp/many") + shared.make_files("/dev/shm/many") <= 205


def test_the_rest_of_the_file_system_cannot_be_written(shared):
    assert shared.writable() == []


def test_descriptors_are_limited(shared):
    assert 30 < shared.open_files() < 64


def test_tasks_are_limited(shared):
    assert 10 < shared.fork_many(200) < 40


def test_torch_has_its_threads(shared):
    assert shared.threads() == 2


def test_there_is_no_network(shared):
    assert shared.interfaces() == "lo refused"
    assert set(shared.reach().values()) <= {"EAFNOSUPPORT", "EPERM", "ENOENT", "EACCES"}


def test_kernel_interfaces_are_denied(shared):
    assert set(shared.denied_calls().values()) <= {"EPERM", "EAFNOSUPPORT", "ENOSYS", "EACCES"}


def test_nothing_can_be_executed(shared):
    assert shared.execute("/bin/true") == "EPERM"


def test_it_is_nobody_without_capabilities(shared):
    status = shared.status()
    assert status["Uid"].split() == ["10001"] * 4
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["Seccomp_filters"]) >= 2
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}


def test_its_environment_is_the_image_s(shared, engine, image):
    fixed = {line.partition("=")[0] for line in engine.inspect_image(image)["Config"]["Env"]}
    names = set(shared.environment("/proc/1/environ") or ()) | set(shared.environment(None))
    assert names <= fixed | {"PATH", "HOME", "HOSTNAME", "LC_CTYPE", "TORCHINDUCTOR_CACHE_DIR"}


def test_no_secret_of_ours_is_in_the_image(shared):
    assert shared.find_names(("test_specs", "reference", "docker.sock", "api", "pytest")) == []


def test_limits_cannot_be_raised(shared):
    assert shared.raise_limit() == "refused"


def test_flooding_the_standard_descriptors_reaches_nobody(shared):
    shared.flood(1, 4 * MIB)
    shared.flood(2, 4 * MIB)
    assert shared.echo(1) == 1


def test_cpu_seconds_of_all_processes(room):
    held = room(ATTACKS, cpu_seconds=1.0, wall_seconds=120.0)
    assert end_of(held, "spin_in_children", 3) is Status.CPU
    assert 1.0 <= held.session.usages[-1].cpu_seconds < 4.0  # whoever only hears the engine is a second late


def test_wall_seconds_even_if_it_ignores_signals(room):
    held = room(ATTACKS, wall_seconds=1.0)
    started = time.monotonic()
    assert end_of(held, "sleep_deaf") is Status.WALL
    assert time.monotonic() - started < 10


def test_memory(room):
    assert end_of(room(ATTACKS, memory_bytes=128 * MIB), "eat", 1024) is Status.MEMORY


def test_memory_by_files(room):
    held = room(ATTACKS, memory_bytes=64 * MIB, tmp_bytes=1024 * MIB)
    assert end_of(held, "fill", "/sandbox/tmp/full") is Status.MEMORY


def test_output(room):
    assert end_of(room(ATTACKS, output_bytes=10_000), "print_much", 20_000) is Status.OUTPUT


def test_exit_code(room):
    assert end_of(room(ATTACKS), "leave", 3) is Status.EXITED


def test_signal(room):
    assert end_of(room(ATTACKS), "crash") is Status.SIGNALED


def test_a_fork_bomb_ends_with_its_time(room, engine):
    held = room(ATTACKS, wall_seconds=2.0, cpu_seconds=4.0)
    identity = held.container.id
    assert end_of(held, "bomb") in {Status.WALL, Status.CPU, Status.MEMORY}
    assert is_gone(engine, identity)


def test_garbage_on_the_channel_is_a_wire_error(room):
    held = room(ATTACKS)
    with pytest.raises((WireError, SandboxDied)):
        held.forge(b"\x00garbage" * 100)


def test_garbage_through_init_s_descriptors_is_a_wire_error_or_nothing(room):
    held = room(ATTACKS)
    try:
        held.write_to("/proc/1/fd/1", b"garbage" * 10)
        assert held.echo(1) == 1
    except (WireError, RemoteException):
        pass


def test_a_flood_of_the_channel_does_not_fill_our_memory(room):
    held = room(ATTACKS, wall_seconds=5.0)
    before = resident()
    with pytest.raises((WireError, SandboxDied)):
        held.flood_channel()
    assert resident() - before < 64 * MIB


def test_who_does_not_read_is_not_buffered_for(room):
    """The submission floods and the examiner reads nothing: everything stands still."""
    held = room(ATTACKS, wall_seconds=3.0)
    before = resident()

    def read_nothing(*_):
        time.sleep(2.0)
        raise DeadlinePassed

    flood = held.flood_channel  # asked for while it still reads
    held.session._connection.receive = read_nothing
    with pytest.raises(CallTimeout):
        flood()
    assert resident() - before < 64 * MIB


def test_closing_the_channel_costs_its_own_call(room):
    held = room(ATTACKS, wall_seconds=2.0)
    assert end_of(held, "close_channel") in {Status.STOPPED, Status.EXITED, Status.WALL}


def test_an_end_by_itself_is_seen_at_once(room):
    held = room(ATTACKS)
    started = time.monotonic()
    end_of(held, "leave", 0)
    assert time.monotonic() - started < 3


def test_stop_without_waiting_returns_at_once_and_leaves_nothing(room, engine):
    held = room(ATTACKS)
    identity = held.container.id
    started = time.monotonic()
    assert held.session.stop(wait=False).status is Status.STOPPED
    assert time.monotonic() - started < 0.2
    assert is_gone(engine, identity)


def test_stop_is_idempotent_and_works_before_serving(backend, engine):
    container = Container.start(engine, backend.options, Limits())
    assert container.is_alive
    assert container.stop() == container.stop()
    assert not container.is_alive
    assert is_gone(engine, container.id)


def test_threads_of_ours_end_with_the_container(room):
    before = threading.active_count()
    held = room(ATTACKS)
    held.session.stop(wait=True)
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= before


def test_with_a_gpu_but_for_the_gpu(engine, image, monkeypatch):
    """The profile for GPUs is one that the engine takes, and the harness gets ready under it."""

    def without_device(*arguments):
        body = create_body(*arguments)
        del body["HostConfig"]["DeviceRequests"]
        return body

    monkeypatch.setattr("grader.sandbox.docker.container.create_body", without_device)
    plain = Plain(engine, DockerOptions(image=image, owner=OWNER, gpu_ids=("GPU-1",)))
    source = """
        import os, torch
        def settings():
            return [torch.are_deterministic_algorithms_enabled(), os.environ["CUBLAS_WORKSPACE_CONFIG"]]
    """
    made = Room(plain, textwrap.dedent(source), gpus=1)
    assert made.settings() == [True, ":4096:8"]
    made.session.stop(wait=True)
    plain.close()


def test_an_image_that_is_not_there_is_our_fault(engine):
    with pytest.raises(InfrastructureError, match="make images"):
        Container.start(engine, DockerOptions(image="tensorgrade-no-such-image", owner=OWNER), Limits())


def test_a_container_that_ends_before_it_is_ready_is_our_fault(engine, image):
    with pytest.raises(InfrastructureError, match="before it was ready"):
        Container.start(engine, DockerOptions(image=image, owner=OWNER), Limits(output_bytes=0.5))


def test_removed_by_somebody_else_is_our_fault(backend: Plain, engine):
    served = backend.start(Limits())
    engine.remove_container(served.container.id, force=True)
    with pytest.raises(InfrastructureError):
        served.stop(wait=True)


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
