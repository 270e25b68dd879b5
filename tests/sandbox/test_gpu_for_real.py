"""For real, where there is an NVIDIA GPU and a torch built for it: `pytest -m gpu_machine`."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from probe import Ended, Probe
from probe_backend import make_backend

from grader.errors import InfrastructureError
from grader.sandbox.base import GIB, MIB, Limits
from grader.sandbox.gpu import GpuOptions, Lease, Leases
from grader.sandbox.gpu.machine import Machine
from grader.sandbox.local import LocalBackend

pytestmark = pytest.mark.gpu_machine
LIMITS = Limits(
    cpu_seconds=120, wall_seconds=180, memory_bytes=8 * GIB, processes=256, open_files=1024, gpus=1
)
TRAIN = """
import torch
torch.manual_seed(7)
x = torch.randn(512, 20, device="cuda")
y = x @ torch.randn(20, 1, device="cuda")
net = torch.nn.Sequential(torch.nn.Linear(20, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)).cuda()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
losses = []
for _ in range(200):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(net(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
result = losses
"""


def why_not() -> str:
    """Why this machine cannot run them; nothing if it can."""
    if torch.version.cuda is None:
        return "this torch is built without CUDA"
    if not Machine().has_driver:
        return "no NVIDIA driver here"
    return "" if Machine().gpus() else "no NVIDIA GPU here"


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> GpuOptions:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    return replace(GpuOptions(), locks=str(tmp_path_factory.mktemp("locks")))


@pytest.fixture(scope="module")
def backend(options: GpuOptions) -> Iterator[LocalBackend]:
    with make_backend(gpus=options) as backend:
        yield backend


def used(gpu_id: str) -> int:
    return next(gpu.used_bytes or 0 for gpu in Machine().gpus() if gpu.id == gpu_id)


def test_it_trains_and_the_same_seed_gives_the_same_losses(backend):
    runs = []
    for _ in range(2):
        probe = Probe(backend.start(LIMITS))
        runs.append(probe.run(TRAIN))
        assert probe.stop().usage.gpu_name
    assert runs[0] == runs[1]
    assert runs[0][-1] < runs[0][0] / 10


def test_memory_is_free_again_and_the_peak_is_noted(backend, options):
    first = Leases(options).chosen()[0]
    before = used(first.id)
    probe = Probe(backend.start(LIMITS))
    probe.run("import torch; block = torch.ones(1 << 30, dtype=torch.uint8, device='cuda')")
    probe.run("import time; time.sleep(2)")
    usage = probe.stop().usage
    assert usage.peak_gpu_memory_bytes is not None
    assert usage.peak_gpu_memory_bytes >= 1 * GIB
    lease = all_of_them(options)
    assert used(first.id) <= before + 64 * MIB
    lease.release()
    assert Leases(options).aside() == {}


def all_of_them(options: GpuOptions) -> Lease:
    """Once every GPU is free and was looked at."""
    mine = Leases(options, wait_seconds=30)
    return mine.lease(len(mine.chosen()))


def test_what_was_in_memory_is_not_there_for_the_next_one(backend):
    """The driver clears what it hands out: no byte of the mark is found in a block as large."""
    first = Probe(backend.start(LIMITS))
    first.run("import torch; block = torch.full((1 << 30,), 0xA5, dtype=torch.uint8, device='cuda')")
    first.stop()
    second = Probe(backend.start(LIMITS))
    found = "import torch; block = torch.empty(1 << 30, dtype=torch.uint8, device='cuda')"
    assert second.run(f"{found}; result = int((block == 0xA5).sum())") < 1 << 20
    second.stop()


def test_two_sandboxes_never_share(backend, options):
    count = len(Leases(options).chosen())
    probes = [Probe(backend.start(LIMITS)) for _ in range(count)]
    seen = {probe.run("import os; result = os.environ['CUDA_VISIBLE_DEVICES']") for probe in probes}
    assert len(seen) == count
    assert all(probe.run("import torch; result = torch.cuda.device_count()") == 1 for probe in probes)
    with pytest.raises(InfrastructureError, match="No GPU became free"):
        Leases(options, wait_seconds=1).lease()
    for probe in probes:
        probe.stop()


def test_without_gpus_there_is_none(backend):
    probe = Probe(backend.start(replace(LIMITS, gpus=0)))
    assert probe.run("import torch; result = torch.cuda.is_available()") is False
    probe.stop()


def test_one_that_is_killed_while_it_computes_leaves_it_clean(backend, options):
    probe = Probe(backend.start(replace(LIMITS, wall_seconds=15)))
    probe.send("import torch; a = torch.ones(8192, 8192, device='cuda')\nwhile True: a = a @ a")
    started = time.monotonic()
    with pytest.raises(Ended):
        probe.receive()
    assert time.monotonic() - started < 30
    probe.stop()
    all_of_them(options).release()
    assert Leases(options).aside() == {}
