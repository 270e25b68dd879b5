import os
from collections.abc import Callable, Iterator

import pytest
from probe import ENTRY, IMPORT_PATH, Probe

from grader.errors import LimitUnavailable
from grader.sandbox.base import Limits
from grader.sandbox.local import LocalBackend, cgroups
from grader.sandbox.local.groups import PREFIX


def make_backend(**options) -> LocalBackend:
    """A backend of probes; where the machine cannot have one, the test is skipped, but never in CI."""
    try:
        return LocalBackend(entry=ENTRY, import_path=IMPORT_PATH, **options)
    except LimitUnavailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def group_names() -> set[str]:
    """The control groups of sandboxes that exist now."""
    groups = cgroups.open_groups()
    try:
        names = {name for parent in groups.parents for name in os.listdir(parent)}  # noqa: PTH208  a descriptor
    finally:
        for parent in groups.parents:
            os.close(parent)
    return {name for name in names if name.startswith(PREFIX)}


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
