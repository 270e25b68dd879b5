"""Both ways to learn what a container uses say the same; a runtime that ignores limits is refused."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace

import pytest
from containers import Plain

from grader.errors import LimitUnavailable
from grader.sandbox.base import Limits
from grader.sandbox.docker.endings import Reading
from grader.sandbox.docker.host_config import HARNESS_BYTES, Machine
from grader.sandbox.docker.meter import EngineMeter, GroupMeter, meter_for

LIMIT = Limits().memory_bytes + HARNESS_BYTES


def test_the_engine_and_the_control_groups_agree(backend: Plain, engine):
    served = backend.start(Limits())
    identity = served.container.id
    groups, listening = GroupMeter.find(identity), EngineMeter(engine, identity)
    deadline = time.monotonic() + 20
    while listening.read() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    listening.close()
    by_engine = listening.read()
    assert by_engine is not None
    assert by_engine.memory_limit == LIMIT
    assert by_engine.cpu_seconds > 0.5
    if groups is not None:  # the engine's machine is this one
        by_groups = groups.read()
        assert by_groups is not None
        assert by_groups.memory_limit == LIMIT
        assert by_groups.cpu_seconds == pytest.approx(by_engine.cpu_seconds, abs=0.5)
    served.stop(wait=True)
    assert groups is None or groups.read() is None


def test_version_2_of_control_groups(tmp_path):
    folder = tmp_path / "system.slice" / "docker-abc.scope"
    folder.mkdir(parents=True)
    (folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (folder / "memory.current").write_text("10\n")
    (folder / "memory.peak").write_text("20\n")
    (folder / "memory.max").write_text("30\n")
    found = GroupMeter.find("abc", tmp_path)
    assert found is not None
    assert found.read() == Reading(1.5, 20, 30)
    (folder / "memory.max").write_text("max\n")
    reading = found.read()
    assert reading is not None
    assert reading.memory_limit > LIMIT


def test_a_container_that_is_not_there_has_no_groups(tmp_path):
    assert GroupMeter.find("abc", tmp_path) is None


def test_a_runtime_that_ignores_limits_is_refused(backend: Plain, engine):
    """gVisor as it is often set up. Where it applies them, its containers are as good as any."""
    if "runsc" not in Machine.of(engine.info()).runtimes:
        pytest.skip("the engine has no runsc")
    plain = Plain(engine, replace(backend.options, runtime="runsc"))
    with contextlib.suppress(LimitUnavailable):
        served = plain.start(Limits())
        reading = meter_for(engine, served.container.id).read()
        assert reading is not None
        assert reading.memory_limit <= LIMIT
    plain.close()
