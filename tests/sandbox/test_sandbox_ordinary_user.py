"""The same sandbox, made by a user without any privilege but delegated control groups."""

import json
import os
import sys
import textwrap
from pathlib import Path

import pytest
from ordinary_user import run_as_ordinary_user
from probe import PATIENCE

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from probe_backend import make_backend
from probe import Probe
from grader.sandbox.base import Limits, MIB
found = {}
with make_backend() as backend:
    probe = Probe(backend.start(Limits(processes=8, tmp_bytes=MIB)))
    found["user"] = probe.run("import os; result = [os.getuid(), os.getpid()]")
    found["status"] = probe.run("result = open('/proc/self/status').read()")
    found["mounts"] = probe.run("result = open('/proc/self/mountinfo').read()")
    found["project"] = probe.run(f"import os; result = os.path.exists({sys.argv[2]!r})")
    found["torch"] = probe.run("import torch; result = torch.ones(3).sum().item()")
    found["stopped"] = probe.stop().status
    for name, limits, source in (
        ("memory", Limits(memory_bytes=64 * MIB), "x = b'x' * (100 << 20)"),
        ("cpu", Limits(cpu_seconds=0.2), "while True: pass"),
        ("wall", Limits(wall_seconds=0.3), "import time; time.sleep(1000)"),
    ):
        probe = Probe(backend.start(limits))
        probe.send(source)
        probe.wait_for_end()
        found[name] = probe.stop().status
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(backend):
    if os.geteuid() != 0:
        pytest.skip(
            "these tests delegate control groups, which takes root; the others ran as an ordinary user"
        )
    here = Path(__file__).resolve()
    command = [
        sys.executable,
        "-c",
        textwrap.dedent(SCRIPT),
        str(here.parent),
        str(here.parents[2] / "pyproject.toml"),
    ]
    done = run_as_ordinary_user(command, seconds=2 * PATIENCE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_limits(found):
    names = ("stopped", "memory", "cpu", "wall")
    assert [found[name] for name in names] == list(names)


def test_isolation(found):
    assert found["user"] == [1000, 1]
    assert found["project"] is False
    assert "CapBnd:\t0000000000000000" in found["status"]
    assert "CapEff:\t0000000000000000" in found["status"]
    assert "Seccomp:\t2" in found["status"]
    assert "NoNewPrivs:\t1" in found["status"]


def test_mounts_are_read_only_although_it_owns_the_template(found):
    lines = [line.split() for line in found["mounts"].splitlines()]
    writable = {words[4] for words in lines if "rw" in words[5].split(",")}
    assert writable == {
        "/proc",
        "/sandbox",
        *(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")),
    }


def test_torch(found):
    assert found["torch"] == 3.0
