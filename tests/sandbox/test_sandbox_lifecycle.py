"""Starts and ends: nothing is left, whoever dies."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from probe import PATIENCE, Probe
from probe_backend import group_names, make_backend

from grader.errors import InfrastructureError
from grader.sandbox.base import Limits, Status
from grader.sandbox.local import LocalBackend, cgroups
from grader.sandbox.served.client import ServedClient


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def sandbox_pids(backend: LocalBackend) -> list[int]:
    """The sandboxes' processes, as seen from outside."""
    (server,) = children(backend.server_pid)
    return children(server)


def groups_of(backend: LocalBackend) -> set[str]:
    prefix = cgroups.owner_prefix(backend.server_pid)
    return {name for name in group_names() if name.startswith(prefix)}


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_stop_twice(start):
    probe = start()
    assert probe.stop() is probe.stop()


def test_stop_after_it_ended(start):
    probe = start()
    probe.send("import os; os._exit(0)")
    probe.wait_for_end()
    assert probe.stop().status is Status.EXITED


def test_the_channel_ends_with_the_sandbox(backend):
    sandbox = backend.start(Limits(wall_seconds=0.2))
    sandbox.channel.settimeout(PATIENCE)
    assert sandbox.channel.recv(1) == b""
    assert sandbox.stop().status is Status.WALL


def test_hanging_up_counts_as_stopping(backend):
    """The harness returns when its channel closes; that is our doing."""
    sandbox = backend.start(Limits())
    sandbox.channel.shutdown(socket.SHUT_RDWR)
    assert sandbox.stop().status is Status.STOPPED


def test_nothing_is_left_after_stop(backend):
    before = groups_of(backend)
    sandboxes = [Probe(backend.start(Limits())) for _ in range(3)]
    pids = sandbox_pids(backend)
    assert len(pids) >= 3
    assert len(groups_of(backend) - before) == 3
    for sandbox in sandboxes:
        sandbox.stop()
    assert groups_of(backend) <= before
    assert len(sandbox_pids(backend)) == len(pids) - 3


def test_daemons_end_with_the_sandbox(start, backend):
    """A process that left its session and lost its parent."""
    before = set(sandbox_pids(backend))
    probe = start()
    probe.run("""
        import os, time
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.write(writing, b'x')
                time.sleep(1000)
            os._exit(0)
        os.wait()
        os.read(reading, 1)
    """)
    (sandbox,) = set(sandbox_pids(backend)) - before
    (daemon,) = children(sandbox)
    probe.stop()
    assert not is_alive(daemon)


def test_a_client_that_leaves_takes_its_sandboxes_with_it(backend):
    client = ServedClient(backend.connection())
    probes = [Probe(client.start(Limits())) for _ in range(2)]
    other = Probe(backend.start(Limits()))
    client.close()
    for probe in probes:
        probe.wait_for_end()
        with pytest.raises(InfrastructureError):
            probe.stop()
    assert other.run("result = 1") == 1
    other.stop()


def test_clients_know_only_their_own_sandboxes(backend):
    one, other = ServedClient(backend.connection()), ServedClient(backend.connection())
    sandbox = one.start(Limits())
    with pytest.raises(InfrastructureError, match="knows no sandbox"):
        other.request({"op": "stop", "id": sandbox._number, "wait": True})
    assert sandbox.stop().status is Status.STOPPED
    one.close()
    other.close()


def test_a_client_in_another_process_that_is_killed(backend):
    script = textwrap.dedent("""
        import os, signal, socket, sys
        from grader.sandbox.base import Limits
        from grader.sandbox.served.client import ServedClient
        client = ServedClient(socket.socket(fileno=int(sys.argv[1])))
        sandbox = client.start(Limits())
        print(sandbox.channel.fileno() >= 0, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    before = groups_of(backend)
    with backend.connection() as connection:
        command = [sys.executable, "-c", script, str(connection.fileno())]
        done = subprocess.run(command, pass_fds=[connection.fileno()], capture_output=True, text=True)
    assert done.stdout == "True\n"
    wait_until(lambda: groups_of(backend) <= before)


def test_several_threads_of_a_client(backend):
    results = []

    def use() -> None:
        probe = Probe(backend.start(Limits()))
        results.append(probe.run("import os; result = os.getpid()"))
        probe.stop()

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [1] * 6


def test_requests_of_one_client_do_not_wait_for_the_sandboxes_of_another(backend):
    busy = Probe(backend.start(Limits()))
    busy.send("import time; time.sleep(1000)")
    other = Probe(backend.start(Limits()))
    assert other.run("result = 1") == 1
    assert other.stop().status is Status.STOPPED
    assert busy.stop().status is Status.STOPPED


@pytest.mark.parametrize(
    "request_",
    [{"op": "dance"}, {}, {"op": "stop"}, {"op": "start", "limits": {"size": 1}}, {"op": "connect"}],
)
def test_a_request_that_makes_no_sense(backend, request_):
    client = ServedClient(backend.connection())
    with pytest.raises(InfrastructureError):
        client.request(request_)
    assert client.start(Limits()).stop().status is Status.STOPPED
    client.close()


def test_a_sandbox_on_order(backend):
    client = ServedClient(backend.connection())
    client.order(Limits(threads=3))
    probe = Probe(client.start(Limits(threads=3)))
    assert probe.run("result = limits.threads") == 3
    probe.stop()
    client.close()


def test_an_order_that_nobody_wants_leaves_nothing(backend):
    before = groups_of(backend)
    client = ServedClient(backend.connection())
    client.order(Limits(threads=3))
    probe = Probe(client.start(Limits(threads=2)))
    assert probe.run("result = limits.threads") == 2
    probe.stop()
    assert groups_of(backend) <= before
    client.order(Limits(gpus=1))
    assert client.start(Limits()).stop().status is Status.STOPPED
    client.order(Limits())
    client.close()
    wait_until(lambda: groups_of(backend) <= before)


def test_stop_without_waiting(backend):
    before = groups_of(backend)
    sandbox = backend.start(Limits())
    result = sandbox.stop(wait=False)
    assert result.status is Status.STOPPED
    assert result.usage.cpu_seconds > 0
    assert sandbox.stop() is result
    wait_until(lambda: groups_of(backend) <= before)


def test_a_sandbox_killed_from_outside_is_nobodys_fault(backend):
    before = set(sandbox_pids(backend))
    probe = Probe(backend.start(Limits()))
    (pid,) = set(sandbox_pids(backend)) - before
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: pid not in sandbox_pids(backend))
    with pytest.raises(InfrastructureError, match="from outside"):
        probe.stop()


@pytest.fixture
def doomed():
    backend = make_backend()
    yield backend
    backend.close()


def test_closing_the_backend_ends_its_sandboxes(doomed):
    probe = Probe(doomed.start(Limits()))
    prefix = cgroups.owner_prefix(doomed.server_pid)
    pids = [doomed.server_pid, *children(doomed.server_pid), *sandbox_pids(doomed)]
    doomed.close()
    probe.wait_for_end()
    assert not any(is_alive(pid) for pid in pids)
    assert not any(name.startswith(prefix) for name in group_names())
    with pytest.raises(InfrastructureError):
        probe.stop()
    with pytest.raises(InfrastructureError):
        doomed.start(Limits())
    doomed.close()


def test_a_killed_fork_server_takes_everything_with_it(doomed):
    probe = Probe(doomed.start(Limits()))
    prefix = cgroups.owner_prefix(doomed.server_pid)
    pids = sandbox_pids(doomed)
    (server,) = children(doomed.server_pid)
    os.kill(server, signal.SIGKILL)
    probe.wait_for_end()
    wait_until(lambda: not any(is_alive(pid) for pid in pids))
    with pytest.raises(InfrastructureError):
        probe.stop()
    with pytest.raises(InfrastructureError, match="fork server"):
        doomed.start(Limits())
    wait_until(lambda: not any(name.startswith(prefix) for name in group_names()))  # the keeper cleans up


def test_a_killed_keeper_takes_everything_with_it_and_the_next_one_cleans_up(doomed):
    probe = Probe(doomed.start(Limits()))
    prefix = cgroups.owner_prefix(doomed.server_pid)
    pids = [*children(doomed.server_pid), *sandbox_pids(doomed)]
    os.kill(doomed.server_pid, signal.SIGKILL)
    probe.wait_for_end()
    wait_until(lambda: not any(is_alive(pid) for pid in pids))
    with pytest.raises(InfrastructureError):
        probe.stop()
    assert not any(name.startswith(prefix) for name in group_names())  # to open the groups removes stale ones


def test_an_owner_that_is_killed_takes_everything_with_it():
    script = textwrap.dedent("""
        import json, os, signal, sys
        sys.path.insert(0, sys.argv[1])
        from probe_backend import make_backend
        from grader.sandbox.base import Limits
        backend = make_backend()
        sandbox = backend.start(Limits())
        server = int(open(f"/proc/{backend.server_pid}/task/{backend.server_pid}/children").read())
        pids = open(f"/proc/{server}/task/{server}/children").read().split()
        print(json.dumps([backend.server_pid, server, *map(int, pids)]), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    command = [sys.executable, "-c", script, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True)
    pids = json.loads(done.stdout)
    assert len(pids) == 3
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_the_host_sees_no_mounts(backend):
    probe = Probe(backend.start(Limits()))
    assert " /sandbox " not in Path("/proc/self/mountinfo").read_text()
    probe.stop()


def test_an_entry_that_cannot_be_imported():
    with pytest.raises(InfrastructureError, match="no_such_module"):
        LocalBackend(entry="no_such_module:serve")


def test_a_set_up_that_fails_is_our_fault(backend):
    """So few open files that not even the user namespace can be mapped."""
    before = groups_of(backend)
    with pytest.raises(InfrastructureError, match=r"could not be set up.*Too many open files"):
        backend.start(Limits(open_files=1))
    wait_until(lambda: groups_of(backend) <= before)


def test_the_real_harness_answers_and_nobody_complains(capfd):
    with LocalBackend() as backend:
        sandbox = backend.start(Limits())
        sandbox.channel.settimeout(PATIENCE)
        assert sandbox.stop().status is Status.STOPPED
    assert capfd.readouterr().err == ""
