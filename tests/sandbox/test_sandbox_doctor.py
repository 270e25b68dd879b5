import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.errors import LimitUnavailable
from grader.sandbox import doctor
from grader.sandbox.local import checks


@pytest.fixture(scope="module")
def found(backend):
    return doctor.examine()


def test_every_check_has_a_remedy_if_it_failed(found):
    assert len({check.name for check in found}) == len(found)
    assert all(check.ok or check.remedy for check in found)
    assert all(check.detail for check in found)


def test_the_verdict_is_that_of_a_real_sandbox(found):
    """`backend` works here, so nothing that is required may be missing."""
    assert [check for check in found if check.required and not check.ok] == []
    assert "ready in" in found[-1].detail


def test_a_check_that_fails_says_why():
    def broken() -> str:
        raise LimitUnavailable("no such thing.", "buy one.")

    with pytest.raises(checks.CheckFailed, match="no such thing"):
        checks.in_child(broken)


def test_a_check_that_dies():
    with pytest.raises(checks.CheckFailed, match="7"):
        checks.in_child(lambda: os._exit(7))


def test_checks_leave_this_process_alone():
    def filters() -> list[str]:
        return [
            line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Seccomp")
        ]

    before = filters()
    checks.in_child(checks.system_call_filter)
    assert filters() == before


def test_another_system(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    (only,) = doctor.examine()
    assert not only.ok
    assert "Darwin" in only.detail


def test_the_examination_imports_no_torch_itself():
    source = "import sys; import grader.sandbox.doctor; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True).stdout == "False\n"
