"""Honest work goes on as usual inside."""

import pytest


@pytest.fixture(scope="module")
def probe(backend):
    from probe import Probe

    from grader.sandbox.base import Limits

    probe = Probe(backend.start(Limits()))
    yield probe
    probe.stop()


@pytest.mark.parametrize("threads", [1, 2])
def test_torch_trains(start, threads):
    """Parallel operations after a fork hang if the parent has ever computed in parallel."""
    loss = start(processes=128).run(f"""
        import torch
        from torch import nn
        torch.set_num_threads({threads})
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 900, 10))
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
        images, labels = torch.randn(16, 3, 32, 32), torch.arange(16) % 10
        for _ in range(10):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()
        output, _ = nn.LSTM(64, 128)(torch.randn(20, 16, 64))
        output.sum().backward()
        (torch.randn(600, 600) @ torch.randn(600, 600)).sum()
        result = loss.item()
    """)
    assert 0 < loss < 1


def test_a_data_loader_with_workers(probe):
    total = probe.run("""
        import torch
        from torch.utils.data import DataLoader, TensorDataset
        data = TensorDataset(torch.arange(100.))
        result = sum(batch.sum().item() for batch, in DataLoader(data, batch_size=10, num_workers=2))
    """)
    assert total == 4950


def test_torchvision(probe):
    shape = probe.run("""
        import torch, torchvision
        from torchvision import transforms
        image = transforms.ToTensor()(transforms.ToPILImage()(torch.rand(3, 8, 8)))
        scores = torchvision.models.resnet18().eval()(image.expand(1, 3, 8, 8))
        result = [*scores.shape, *image.shape]
    """)
    assert shape == [1, 1000, 3, 8, 8]


@pytest.mark.parametrize("attempt", range(5))  # a program that cannot start may die early or late
def test_shared_memory_and_queues(probe, attempt):
    assert (
        probe.run("""
        import multiprocessing, multiprocessing.shared_memory
        memory = multiprocessing.shared_memory.SharedMemory(create=True, size=1 << 16)
        memory.buf[0] = 42
        memory.close(); memory.unlink()
        queue = multiprocessing.get_context('fork').Queue()
        child = multiprocessing.get_context('fork').Process(target=queue.put, args=(7,))
        child.start()
        result = queue.get()
        child.join()
    """)
        == 7
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import asyncio; result = asyncio.run(asyncio.sleep(0, 5))", 5),
        ("import tempfile; result = tempfile.mkdtemp().startswith('/sandbox/tmp/')", True),
        ("import concurrent.futures as f; result = list(f.ThreadPoolExecutor(2).map(abs, [-1, -2]))", [1, 2]),
        ("import shutil; open('a', 'w').write('x'); shutil.copy2('a', 'b'); result = open('b').read()", "x"),
        ("import pathlib; result = str(pathlib.Path.home())", "/sandbox/home"),
        ("import os; result = os.getcwd()", "/sandbox/submission"),
        ("import getpass; result = getpass.getuser()", "student"),
        ("import os; result = len(os.urandom(4))", 4),
        ("import time; result = time.localtime().tm_year > 2000", True),
        ("import matplotlib.pyplot as p; p.plot([1]); p.savefig('x.png'); result = p.get_backend()", "agg"),
        ("import matplotlib; result = matplotlib.get_cachedir().startswith('/sandbox/home')", True),
        ("import sklearn.linear_model, scipy.stats; result = 1", 1),
        ("import sqlite3; result = sqlite3.connect('db').execute('select 2').fetchone()[0]", 2),
        ("import signal; signal.alarm(100); result = signal.alarm(0) > 0", True),
        ("import numpy; result = float(numpy.linalg.inv(numpy.eye(300)).sum())", 300.0),
        ("import gc; result = gc.isenabled()", True),
    ],
)
def test_libraries(probe, source, expected):
    assert probe.run(source) == expected


def test_hashes_are_the_same_in_every_sandbox(start):
    assert start().run("result = hash('text')") == start().run("result = hash('text')")


def test_every_sandbox_is_fresh(start):
    one = start()
    one.run("""
        import torch, os
        torch.tampered = 1
        open('/sandbox/tmp/left', 'w').close()
        os.environ['LEFT'] = '1'
    """)
    one.stop()
    assert start().run("""
        import os, torch
        result = [hasattr(torch, 'tampered'), os.path.exists('/sandbox/tmp/left'), 'LEFT' in os.environ]
    """) == [False, False, False]
