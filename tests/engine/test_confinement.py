"""The examiner's child cannot reach the network or start programs, while it grades as ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grader.engine import Engine

ATTEMPTS = """
import os, socket, sys
from grader.examiner.confine import confine
confine()
left, right = socket.socketpair()
left.send(b"x")
assert right.recv(1) == b"x"
def refused(action):
    try:
        action()
    except OSError:
        return True
    return False
assert refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)), "tcp"
assert refused(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)), "udp"
assert refused(lambda: os.execv("/bin/true", ["true"])), "exec"
assert refused(lambda: os.mknod("/tmp/never")), "mknod"
print("confined")
"""


@pytest.mark.usefixtures("engine")
def test_no_network_and_no_programs():
    done = subprocess.run([sys.executable, "-c", ATTEMPTS], capture_output=True, text=True, cwd=Path.cwd())
    assert done.stdout == "confined\n", done.stderr


SPEC = """
import pytest, socket
from grader.spec import points

@points(1)
def test_socket(submission, grading):
    assert submission.solution.one() == 1
    if grading.seed:  # the rehearsal, with seed 0, is not confined: it meets no student
        with pytest.raises(OSError):
            socket.socket(socket.AF_INET, socket.SOCK_STREAM)
"""


def test_specs_run_confined(engine, tmp_path):
    folder, reference = tmp_path / "test_specs" / "lab", tmp_path / "reference" / "lab"
    folder.mkdir(parents=True)
    reference.mkdir(parents=True)
    (folder.parent / "pytest.ini").write_text("[pytest]\n")
    (folder / "assignment.toml").write_text('name = "lab"\ntitle = "Lab"\n')
    (folder / "test_lab.py").write_text(SPEC)
    (reference / "solution.py").write_text("def one():\n    return 1\n")
    with Engine(tmp_path) as confined:
        score = confined.grade("lab", reference / "solution.py", seed=1)
    assert (score.score, score.tests[0].hints) == (1, ())
