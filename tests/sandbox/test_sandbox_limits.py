"""Each field of Limits is tripped, and the end says which it was."""

import contextlib
import errno
import math
from dataclasses import fields

import pytest
from probe import Ended, Refused

from grader.errors import LimitUnavailable
from grader.sandbox.base import MIB, OUTPUT_EXIT_CODE, Limits, Status


def test_stopped(start):
    probe = start()
    assert probe.run("result = 6 * 7") == 42
    result = probe.stop()
    assert result.status is Status.STOPPED
    assert result.exit_code is None
    assert result.signal is None
    assert result.usage.cpu_seconds > 0
    assert result.usage.wall_seconds > 0
    assert result.usage.peak_memory_bytes > 0


def test_exit_code(start):
    probe = start()
    probe.send("import os; os._exit(7)")
    probe.wait_for_end()
    result = probe.stop()
    assert (result.status, result.exit_code, result.signal) == (Status.EXITED, 7, None)


def test_system_exit(start):
    probe = start()
    probe.send("raise SystemExit(3)")
    probe.wait_for_end()
    assert probe.stop().exit_code == 3


def test_crash(start):
    probe = start()
    probe.send("import ctypes; ctypes.string_at(0)")
    probe.wait_for_end()
    result = probe.stop()
    assert (result.status, result.exit_code, result.signal) == (Status.SIGNALED, None, 11)


def test_cpu_of_one_process(start):
    probe = start(cpu_seconds=0.3)
    probe.send("while True: pass")
    probe.wait_for_end()
    result = probe.stop()
    assert result.status is Status.CPU
    assert result.usage.cpu_seconds >= 0.3


def test_cpu_of_many_processes_is_added(start):
    probe = start(cpu_seconds=0.5)
    probe.send("""
        import os, time
        while time.process_time() < 0.2:
            pass
        for _ in range(5):  # one after the other: none of them uses the limit up
            if os.fork() == 0:
                while time.process_time() < 0.15:
                    pass
                os._exit(0)
            os.wait()
        time.sleep(1000)
    """)
    probe.wait_for_end()
    assert probe.stop().status is Status.CPU


def test_wall(start):
    probe = start(wall_seconds=0.5)
    probe.send("import time; time.sleep(1000)")
    probe.wait_for_end()
    result = probe.stop()
    assert result.status is Status.WALL
    assert result.usage.wall_seconds >= 0.5


def test_wall_with_every_signal_ignored(start):
    probe = start(wall_seconds=0.5)
    probe.send("""
        import signal, time
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(1000)
    """)
    probe.wait_for_end()
    assert probe.stop().status is Status.WALL


@pytest.mark.parametrize(
    "use",
    [
        "block = b'x' * (200 << 20)",
        "block = b'x' * (60 << 20); open('/sandbox/tmp/large', 'wb').write(block)",
        "block = b'x' * (60 << 20); open('/dev/shm/large', 'wb').write(block)",
        "import torch; block = torch.ones(50 << 20)",
    ],
    ids=["heap", "heap and tmp", "heap and shm", "tensor"],
)
def test_memory(start, use):
    probe = start(memory_bytes=100 * MIB, tmp_bytes=512 * MIB)
    probe.send(use)
    probe.wait_for_end()
    result = probe.stop()
    assert result.status is Status.MEMORY
    assert result.usage.peak_memory_bytes > 90 * MIB


def test_memory_of_a_child_process(start):
    """The harness outlives the child, and the end still says what happened."""
    probe = start(memory_bytes=100 * MIB)
    probe.send("""
        import os
        pid = os.fork()
        if pid == 0:
            block = bytearray(b'x') * (200 << 20)
            os._exit(0)
        result = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    """)
    with contextlib.suppress(Ended):  # version 2 ends the whole group
        assert probe.receive() == -9
    assert probe.stop().status is Status.MEMORY


def test_processes(start):
    probe = start(processes=8)
    made = probe.run("""
        import os, time, errno
        result = 0
        try:
            while True:
                if os.fork() == 0:
                    time.sleep(1000)
                result += 1
        except BlockingIOError as error:
            assert error.errno == errno.EAGAIN
    """)
    assert made == 7
    assert probe.run("result = 'alive'") == "alive"


def test_threads_count_as_processes(start):
    probe = start(processes=8)
    made = probe.run("""
        import threading
        stop = threading.Event()
        result = 0
        try:
            while True:
                threading.Thread(target=stop.wait, daemon=True).start()
                result += 1
        except RuntimeError:
            stop.set()
    """)
    assert made == 7


def test_fork_bomb(start):
    probe = start(processes=16, wall_seconds=1.0)
    probe.send("""
        import os
        while True:
            try:
                os.fork()
            except BlockingIOError:
                pass
    """)
    probe.wait_for_end()
    assert probe.stop().status in {Status.WALL, Status.CPU}


def test_open_files(start):
    probe = start(open_files=40)
    with pytest.raises(Refused) as caught:
        probe.run("kept = [open('/dev/null') for _ in range(40)]")
    assert caught.value.errno == errno.EMFILE
    with pytest.raises(Refused):
        probe.run("import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))")


def test_output(start):
    probe = start()
    probe.send(f"import os; os._exit({OUTPUT_EXIT_CODE})")
    probe.wait_for_end()
    assert probe.stop().status is Status.OUTPUT


def test_the_harness_ends_with_the_code_that_means_output():
    from grader.harness import output

    assert output.OUTPUT_EXIT_CODE == OUTPUT_EXIT_CODE


@pytest.mark.parametrize("folder", ["/sandbox/tmp", "/dev/shm", "/sandbox/home", "."])
def test_tmp_bytes_of_one_file(start, folder):
    probe = start(tmp_bytes=2 * MIB)
    with pytest.raises(Refused) as caught:
        probe.run(f"open('{folder}/large', 'wb').write(bytes(3 << 20))")
    assert caught.value.errno in {errno.ENOSPC, errno.EFBIG}


def test_tmp_bytes_of_all_files(start):
    probe = start(tmp_bytes=4 * MIB)
    with pytest.raises(Refused) as caught:
        probe.run("""
            for folder in ('/sandbox/tmp', '/dev/shm', '/sandbox/home', '.'):
                open(f'{folder}/part', 'wb').write(bytes(3 << 19))
        """)
    assert caught.value.errno == errno.ENOSPC


def test_tmp_files(start):
    probe = start(tmp_files=20)
    made = probe.run("""
        import errno
        result = 0
        try:
            while True:
                open(f'/sandbox/tmp/{result}', 'w').close()
                result += 1
        except OSError as error:
            assert error.errno == errno.ENOSPC
    """)
    assert made == 20


def test_threads_reach_the_entry(start):
    assert start(threads=3).run("result = limits.threads") == 3


def test_gpus_are_refused(backend):
    with pytest.raises(LimitUnavailable, match="GPU") as caught:
        backend.start(Limits(gpus=1))
    assert caught.value.remedy


@pytest.mark.parametrize("name", [field.name for field in fields(Limits) if field.name != "gpus"])
@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan])
def test_a_limit_that_cannot_be_kept_is_refused(backend, name, value):
    with pytest.raises(LimitUnavailable, match=name):
        backend.start(Limits(**{name: value}))


def test_too_little_memory_is_refused(backend):
    with pytest.raises(LimitUnavailable, match="memory_bytes"):
        backend.start(Limits(memory_bytes=1 * MIB))


def test_the_second_line_of_the_cpu_limit(start):
    asked = "import resource; result = resource.getrlimit(resource.RLIMIT_CPU)"
    assert start(cpu_seconds=2.5).run(asked) == [7, 7]


@pytest.mark.parametrize("name", ["RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_DATA", "RLIMIT_STACK"])
def test_limits_cannot_be_changed_from_inside(start, name):
    """Not even lowered: dying of a limit of one's own would look like being killed from outside."""
    probe = start()
    with pytest.raises(Refused):
        probe.run(f"import resource; resource.setrlimit(resource.{name}, (1, 1))")
    with pytest.raises(Refused):
        probe.run(f"import os, resource; resource.prlimit(os.getpid(), resource.{name}, (1, 1))")
    assert probe.run(f"import resource; result = resource.getrlimit(resource.{name})[1]") != 1
