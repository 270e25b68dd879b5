from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpu_tree import Tree
from probe import Probe
from probe_backend import group_names, make_backend

from grader.sandbox.base import Limits
from grader.sandbox.local import LocalBackend, cgroups


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gpu_machine: runs for real on an NVIDIA GPU, or is skipped")


@pytest.fixture(scope="session")
def backend() -> Iterator[LocalBackend]:
    with make_backend() as backend:
        prefix = cgroups.owner_prefix(backend.server_pid)
        yield backend
    assert not [name for name in group_names() if name.startswith(prefix)]


@pytest.fixture
def start(backend) -> Iterator[Callable[..., Probe]]:
    """Starts probes with the given limits, and stops them after the test."""
    probes = []

    def start_one(**limits) -> Probe:
        probes.append(Probe(backend.start(Limits(**limits))))
        return probes[-1]

    yield start_one
    for probe in probes:
        probe.stop()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A machine with one GPU, as far as files go."""
    return Tree(tmp_path / "machine")


@pytest.fixture
def two(tmp_path: Path) -> Tree:
    """A machine with two."""
    return Tree(tmp_path / "machine", count=2)
