"""One sandbox per GPU, also over several processes; and what happens to a GPU that is not clean."""

import subprocess
import sys
import threading
import time

import pytest
from gpu_tree import UUIDS, Tree

from grader.errors import InfrastructureError, LimitUnavailable
from grader.sandbox.base import Result, Status, Usage
from grader.sandbox.gpu import GpuOptions, Leases
from grader.sandbox.gpu.device import MIB

HOLDER = """
import sys
from grader.sandbox.gpu import GpuOptions, Leases
lease = Leases(GpuOptions(root=sys.argv[1], locks=sys.argv[2])).lease()
print(lease.ids[0], flush=True)
sys.stdin.read()
"""


def leases(tree: Tree, wait: float = 0.0, patience: float = 0.3, **options) -> Leases:
    return Leases(GpuOptions(**tree.options, **options), wait, patience)


def test_two_sandboxes_never_share(two: Tree):
    mine = leases(two)
    first, second = mine.lease(), mine.lease()
    assert {first.ids, second.ids} == {(UUIDS[0],), (UUIDS[1],)}
    assert first.nodes == ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia1")
    with pytest.raises(InfrastructureError, match="No GPU became free"):
        mine.lease()
    second.release()
    second.release()
    assert mine.lease().ids == second.ids


def test_another_process_has_it_until_it_dies(tree: Tree):
    command = [sys.executable, "-c", HOLDER, *tree.options.values()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline().strip() == UUIDS[0]
        with pytest.raises(InfrastructureError, match="No GPU became free"):
            leases(tree).lease()
        holder.kill()
        holder.wait()
    leases(tree, wait=5.0).lease().release()


def test_who_waits_gets_it_when_it_is_free(tree: Tree):
    lease = leases(tree).lease()
    timer = threading.Timer(0.3, lease.release)
    timer.start()
    assert leases(tree, wait=10.0).lease().ids == lease.ids
    timer.join()


def test_two_for_one_sandbox_are_all_or_none(two: Tree):
    mine = leases(two)
    one = mine.lease()
    with pytest.raises(InfrastructureError, match="No GPU"):
        mine.lease(2)
    one.release()
    assert mine.lease(2).ids == UUIDS[:2]
    with pytest.raises(LimitUnavailable, match="gpus = 3"):
        mine.lease(3)


def test_only_those_that_are_named(two: Tree):
    assert leases(two, ids=("1",)).lease().ids == (UUIDS[1],)
    assert leases(two, ids=(UUIDS[0],)).lease().ids == (UUIDS[0],)
    assert leases(two, ids=()).slots() == 0
    with pytest.raises(LimitUnavailable, match="TENSORGRADE_GPUS"):
        leases(two, ids=("7",)).lease()


def test_without_a_driver_it_is_refused(tmp_path):
    with pytest.raises(LimitUnavailable, match="GPU") as caught:
        Leases(GpuOptions(root=str(tmp_path), locks=str(tmp_path))).lease()
    assert caught.value.remedy


def test_a_share_is_declared(tree: Tree):
    mine = leases(tree, memory_share=0.5)
    assert mine.slots() == 2
    first, second = mine.lease(), mine.lease()
    assert first.ids == second.ids
    assert first.peak_bytes is None  # nobody can tell whose it was
    with pytest.raises(InfrastructureError, match="No GPU"):
        mine.lease()
    with pytest.raises(LimitUnavailable, match="share"):
        leases(tree, memory_share=1.5).lease()


def test_memory_that_is_not_free_again_sets_it_aside(two: Tree, caplog):
    mine = leases(two)
    lease = mine.lease()
    two.use(20_000)
    lease.release()
    assert list(mine.aside()) == [UUIDS[0]]
    assert "20000 MiB are in use" in caplog.text
    assert ".aside" in caplog.text  # the operator is told what to remove
    two.use()
    assert [mine.lease().ids, leases(two).slots()] == [(UUIDS[1],), 2]
    (two.root / "locks" / f"{UUIDS[0]}.aside").unlink()
    assert mine.lease().ids == (UUIDS[0],)


def test_memory_that_is_free_a_moment_later_is_well(tree: Tree):
    mine = leases(tree, patience=10.0)
    lease = mine.lease()
    tree.use(20_000)
    timer = threading.Timer(0.5, tree.use)
    timer.start()
    started = time.monotonic()
    lease.release()
    timer.join()
    assert 0.3 < time.monotonic() - started < 9
    assert mine.aside() == {}


def test_what_a_dead_process_left_is_found_before_the_next_sandbox(tree: Tree):
    tree.use(20_000)
    with pytest.raises(InfrastructureError, match=r"Set aside.*20000 MiB|only 0 GPUs are well"):
        leases(tree, wait=2.0).lease()


def test_a_gpu_that_is_lost_is_set_aside(tree: Tree):
    mine = leases(tree)
    lease = mine.lease()
    tree.program("#!/bin/sh\necho 'GPU is lost' >&2\nexit 15\n")
    lease.release()
    assert "GPU is lost" in (tree.root / "locks" / f"{UUIDS[0]}.aside").read_text()


def test_the_peak_is_what_came_on_top(tree: Tree):
    tree.use(500)
    told = threading.Event()
    lease = leases(tree).lease(told=lambda peak: told.set() if peak > 900 * MIB else None)
    tree.use(1500)
    assert told.wait(10)
    tree.use(500)
    lease.release()
    assert lease.peak_bytes == 1000 * MIB
    usage = lease.noted(Result(Status.STOPPED, Usage(1.0, 2.0, 3))).usage
    assert usage == Usage(1.0, 2.0, 3, "NVIDIA H200", "570.86.15", 1000 * MIB)


def test_options_come_from_settings_and_go_over_a_socket():
    options = GpuOptions.parse(" 0, GPU-x ,", 0.25)
    assert (options.ids, options.sharers) == (("0", "GPU-x"), 4)
    assert GpuOptions.parse("none").ids == GpuOptions.parse("").ids == ()
    assert GpuOptions.from_dict(options.to_dict()) == options
