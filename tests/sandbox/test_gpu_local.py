"""Local sandboxes with a GPU, up to the device nodes: what they see, what they may ask, what is noted."""

import time
from collections.abc import Iterator

import pytest
from gpu_tree import UUIDS, Tree
from probe import Probe, Refused
from probe_backend import make_backend

from grader.errors import InfrastructureError, LimitUnavailable
from grader.sandbox.base import Limits, Status
from grader.sandbox.gpu import GpuOptions
from grader.sandbox.local import LocalBackend

SEEN = "import os; result = sorted(name for name in os.listdir('/dev') if name.startswith('nvidia'))"
READABLE = """
import os
result = {}
for name in os.listdir('/dev'):
    if name.startswith('nvidia'):
        with open(f'/dev/{name}') as node:
            result[name] = node.read()
result = {name: text for name, text in result.items() if text}
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Tree:
    return Tree(tmp_path_factory.mktemp("gpus") / "machine", count=2)


@pytest.fixture(scope="module")
def server(machine: Tree) -> Iterator[LocalBackend]:
    with make_backend(gpus=GpuOptions(**machine.options)) as backend:
        yield backend


@pytest.fixture
def two(machine: Tree) -> Iterator[Tree]:
    """Two GPUs that are well."""
    yield machine
    machine.heal()


@pytest.fixture
def backend(server: LocalBackend, two: Tree) -> LocalBackend:
    return server


def with_gpu(backend: LocalBackend, **limits) -> Probe:
    return Probe(backend.start(Limits(gpus=1, **limits)))


def test_each_sees_its_own_gpu_and_no_other(backend):
    first, second = with_gpu(backend), with_gpu(backend)
    nodes = [probe.run(READABLE) for probe in (first, second)]
    common = {name: f"this is {name}\n" for name in ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")}
    assert sorted(nodes, key=str) == sorted(
        (common | {name: f"this is {name}\n"} for name in ("nvidia1", "nvidia0")), key=str
    )
    variable = "import os; result = os.environ['CUDA_VISIBLE_DEVICES']"
    assert {first.run(variable), second.run(variable)} == set(UUIDS[:2])
    for probe in (first, second):
        probe.stop()


def test_without_gpus_no_node_is_there(backend):
    probe = Probe(backend.start(Limits()))
    assert probe.run(READABLE) == {}
    with pytest.raises(Refused):
        probe.run("import os; os.listdir('/gpus/nvidia0')")
    assert probe.run("import os; result = os.path.exists('/gpus/nvidia0')") is False
    assert "CUDA_VISIBLE_DEVICES" not in probe.run("import os; result = dict(os.environ)")
    probe.stop()


def test_the_folder_of_all_gpus_is_gone(backend):
    probe = with_gpu(backend)
    assert probe.run("import os; result = os.listdir('/gpus')") == []
    probe.stop()


def test_the_next_one_waits_until_it_is_free(backend, two):
    which = "import os; result = os.environ['CUDA_VISIBLE_DEVICES']"
    probes = [with_gpu(backend), with_gpu(backend)]
    first = probes[0].run(which)
    probes[0].stop()
    third = with_gpu(backend)
    assert third.run(which) == first
    third.stop()
    probes[1].stop()


def test_others_are_served_while_one_waits(backend):
    """The fork server is one thread: a lease that takes long must not stop it."""
    probes = [with_gpu(backend), with_gpu(backend)]
    with backend.connection() as connection:
        from grader.sandbox.served.client import ServedClient

        waiting = ServedClient(connection)
        waiting.order(Limits(gpus=1))
        started = time.monotonic()
        Probe(backend.start(Limits())).stop()
        assert time.monotonic() - started < 5
        probes[0].stop()
        late = Probe(waiting.start(Limits(gpus=1)))
        assert late.run("result = 1") == 1
        late.stop()
    probes[1].stop()


def test_what_it_used_is_in_the_result(backend, two):
    probe = with_gpu(backend)
    two.use(3004)
    probe.run("import time; time.sleep(1.5)")
    two.use()
    usage = probe.stop().usage
    assert (usage.gpu_name, usage.gpu_driver) == ("NVIDIA H200", "570.86.15")
    assert usage.peak_gpu_memory_bytes == 3000 * 2**20
    plain = Probe(backend.start(Limits()))
    assert plain.stop().usage.peak_gpu_memory_bytes is None


def test_one_that_dies_gives_it_back(backend):
    for _ in range(3):
        probe = with_gpu(backend)
        probe.send("import os; os._exit(3)")
        probe.wait_for_end()
        assert probe.stop().status is Status.EXITED
    client_gone = with_gpu(backend)
    client_gone.stop()


def test_settings_for_repeatable_results(backend):
    probe = with_gpu(backend)
    assert probe.run("import os; result = os.environ['CUBLAS_WORKSPACE_CONFIG']") == ":4096:8"
    asked = (
        "import torch; result = [torch.are_deterministic_algorithms_enabled(), torch.cuda.is_initialized()]"
    )
    assert probe.run(asked) == [True, False]
    assert probe.run("result = torch.is_deterministic_algorithms_warn_only_enabled()") is True
    assert probe.run("result = torch.backends.cudnn.benchmark") is False
    plain = Probe(backend.start(Limits()))
    assert plain.run("import torch; result = torch.are_deterministic_algorithms_enabled()") is False
    plain.stop()
    probe.stop()


IOCTL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
null = open('/dev/null')
libc.ioctl(null.fileno(), ctypes.c_ulong({request}), None)
result = ctypes.get_errno()
"""
ESCAPE, UVM_INITIALIZE, UVM_MAP, STEAL_INPUT = 0xC020462A, 0x30000001, 27, 0x5412


@pytest.mark.parametrize("request_", [ESCAPE, UVM_INITIALIZE, UVM_MAP])
def test_the_drivers_requests_pass_the_filter_with_a_gpu_only(backend, request_):
    """On /dev/null: ENOTTY says that the kernel asked the device, EPERM that the filter refused."""
    probe, plain = with_gpu(backend), Probe(backend.start(Limits()))
    assert probe.run(IOCTL.format(request=request_)) == 25
    assert plain.run(IOCTL.format(request=request_)) == 1
    assert probe.run(IOCTL.format(request=STEAL_INPUT)) == 1
    probe.stop()
    plain.stop()


def test_more_than_there_are_is_refused(backend):
    with pytest.raises(LimitUnavailable, match="gpus = 3"):
        backend.start(Limits(gpus=3))


def test_an_ill_gpu_is_our_fault_and_told(backend, two):
    two.program("#!/bin/sh\necho 'GPU is lost' >&2\nexit 15\n")
    with pytest.raises(InfrastructureError, match="GPU is lost") as caught:
        backend.start(Limits(gpus=1))
    assert not isinstance(caught.value, LimitUnavailable)
    assert Probe(backend.start(Limits())).stop().status is Status.STOPPED


def test_none_may_be_had_where_settings_say_so(two):
    with make_backend(gpus=GpuOptions(ids=(), **two.options)) as backend:
        with pytest.raises(LimitUnavailable, match="TENSORGRADE_GPUS"):
            backend.start(Limits(gpus=1))
        probe = Probe(backend.start(Limits()))
        assert probe.run(SEEN) == []
        probe.stop()
