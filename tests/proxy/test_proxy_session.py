"""Sessions: loading, deadlines, deaths, salvage, output; a fresh sandbox after each of them."""

from __future__ import annotations

import time

import pytest
import torch

from grader.errors import CallTimeout, NotImplementedYet, RemoteException, SandboxDied, WireError
from grader.proxy import session as session_module
from grader.sandbox.base import Limits

DEADLY = """
import os, signal, time

STATE = []

def remember(x):
    STATE.append(x)
    return len(STATE)

def sleep(seconds):
    time.sleep(seconds)
    return "awake"

def spin():
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass

def die(code): os._exit(code)

def crash(): os.kill(os.getpid(), signal.SIGSEGV)

def say(text, times=1):
    for _ in range(times):
        print(text, end="")

def double(x): return 2 * x
"""


def test_nothing_starts_before_it_is_asked_for(hand_in, backend):
    before = backend.started
    root = hand_in(DEADLY)
    assert backend.started == before
    assert root.solution.double(2) == 4
    assert backend.started == before + 1


def test_state_lasts_as_long_as_the_sandbox(hand_in):
    root = hand_in(DEADLY)
    assert [root.solution.remember(0), root.solution.remember(0)] == [1, 2]
    root.session.stop()
    assert root.solution.remember(0) == 1


@pytest.mark.parametrize("call", [lambda s: s.sleep(60), lambda s: s.spin()])
def test_a_call_that_does_not_end(hand_in, call):
    root = hand_in(DEADLY, call_seconds=0.2)
    with pytest.raises(CallTimeout, match=r"No answer within 0\.2 s"):
        call(root.solution)
    assert root.solution.double(2) == 4
    assert root.session.generation == 2


def test_the_tests_deadline_ends_calls_too(hand_in):
    root = hand_in(DEADLY, call_seconds=60)
    root.session.begin_test(time.monotonic() + 0.3)
    with pytest.raises(CallTimeout):
        [root.solution.sleep(0.05) for _ in range(1000)]
    root.session.begin_test(time.monotonic() - 1)
    before = root.session.generation
    with pytest.raises(CallTimeout, match="time for this test is over"):
        _ = root.solution
    assert root.session.generation == before  # for that, nothing is stopped or started
    root.session.begin_test(None)
    assert root.solution.double(2) == 4


def test_the_time_that_loading_takes_is_not_the_tests(hand_in):
    root = hand_in("import time\ntime.sleep(0.5)\ndef f(): return 1\n")
    root.session.begin_test(time.monotonic() + 0.4)
    assert root.solution.f() == 1


class SlowToStart:
    """Each sandbox takes a while to be there, as a container does."""

    name = "slow"

    def __init__(self, backend):
        self._backend = backend

    def start(self, limits):
        time.sleep(0.2)
        return self._backend.start(limits)


def test_the_time_that_sandboxes_take_to_be_there_is_nobodys(hand_in, backend):
    root = hand_in("import os\ndef die(): os._exit(1)\n", backend=SlowToStart(backend))
    session = root.session
    session.begin_test(time.monotonic() + 60)
    for _ in range(3):
        before = session.deadline
        with pytest.raises(SandboxDied):
            root.solution.die()
        assert session.deadline >= before + 0.2


def test_only_the_first_loading_in_a_test_is_free(hand_in, backend):
    """Else hypothesis, which runs a failing test again and again, would wait for every import."""
    root = hand_in("import os, time\ntime.sleep(0.2)\ndef die(): os._exit(1)\n")
    before = backend.started
    root.session.begin_test(time.monotonic() + 0.5)
    for _ in range(100):
        with pytest.raises((SandboxDied, CallTimeout)) as caught:
            root.solution.die()
        if isinstance(caught.value, CallTimeout):
            break
    assert caught.type is CallTimeout
    assert backend.started - before <= 4


@pytest.mark.parametrize(
    ("call", "status", "words"),
    [
        (lambda s: s.die(3), "exited", r"ended the process \(exit code 3\)"),
        (lambda s: s.die(0), "exited", r"ended the process \(exit code 0\)"),
        (lambda s: s.crash(), "signaled", "ended by signal 11"),
        (lambda s: s.say("x" * 1000, 100), "output", "printed more than 16 KiB"),
    ],
)
def test_a_sandbox_that_dies_is_replaced(hand_in, call, status, words):
    root = hand_in(DEADLY, limits=Limits(output_bytes=16 * 1024))
    with pytest.raises(SandboxDied, match=words) as caught:
        call(root.solution)
    assert caught.value.status == status
    assert root.solution.double(2) == 4
    assert root.session.generation == 2
    assert len(root.session.usages) == 1


def test_what_dies_between_two_tests_costs_neither(hand_in):
    root = hand_in(
        "import os, threading\ndef later(): threading.Timer(0.05, os._exit, [0]).start()\ndef f(): return 1\n"
    )
    root.solution.later()
    channel = root.session._sandbox.channel
    channel.settimeout(30)
    assert channel.recv(1) == b""  # it is gone
    root.session.begin_test(time.monotonic() + 30)
    assert root.solution.f() == 1


def test_what_dies_within_a_test_says_how(hand_in):
    root = hand_in(
        "import os, threading\ndef later(): threading.Timer(0.05, os._exit, [9]).start()\ndef f(): return 1\n"
    )
    root.solution.later()
    channel = root.session._sandbox.channel
    channel.settimeout(30)
    assert channel.recv(1) == b""
    with pytest.raises(SandboxDied, match="exit code 9"):
        root.solution.f()


def test_output_is_collected_in_order_and_drained(hand_in):
    root = hand_in("import sys\nprint('at import')\n" + DEADLY)
    root.solution.say("one ")
    root.solution.say("two\ud800")
    assert root.session.drain_output() == "at import\none two?"
    assert root.session.drain_output() == ""


def test_output_is_kept_up_to_a_cap(hand_in):
    root = hand_in(DEADLY, limits=Limits(output_bytes=10 << 20))
    for _ in range(5):
        root.solution.say("x" * 50_000)
    assert root.session.drain_output() == "x" * (1 << 16)
    root.solution.say("after")
    assert root.session.drain_output() == "after"


def test_output_before_an_exception_is_kept(hand_in):
    root = hand_in("def f():\n    print('here')\n    raise ValueError\n")
    with pytest.raises(RemoteException):
        root.solution.f()
    assert root.session.drain_output() == "here\n"


def test_data_of_one_test_is_capped(hand_in, monkeypatch):
    monkeypatch.setattr(session_module, "_MOST_RECEIVED", 1 << 20)
    root = hand_in("import torch\ndef f(): return torch.zeros(100_000)\n")
    for _ in range(2):
        root.session.begin_test(time.monotonic() + 30)
        root.solution.f()
        root.solution.f()
    with pytest.raises(WireError, match="more than 1 MiB of data in one test"):
        root.solution.f()
    root.session.begin_test(time.monotonic() + 30)
    assert torch.equal(root.solution.f(), torch.zeros(100_000))


def test_a_slow_import_is_not_repeated_for_ever(hand_in, monkeypatch, backend):
    """Else every test of a submission that dies in every call would pay for the import."""
    monkeypatch.setattr(session_module, "_MOST_LOADING_SECONDS", 0.5)
    root = hand_in("import os, time\ntime.sleep(0.2)\ndef die(): os._exit(1)\n")
    before, errors = backend.started, []
    for _ in range(10):
        root.session.begin_test(time.monotonic() + 30)
        with pytest.raises((SandboxDied, CallTimeout)) as caught:
            root.solution.die()
        errors.append(type(caught.value))
    assert backend.started - before == errors.count(SandboxDied) <= 3
    assert errors[-1] is CallTimeout


# ------------------------------------------------------------------ how submissions are imported


def test_packages_and_relative_imports(hand_in):
    files = {
        "__init__.py": "",
        "solution.py": """
            from .helper import base
            from . import helper
            import helper as absolute

            def f(x): return base() + x
        """,
        "helper.py": "def base(): return 40\n",
    }
    assert hand_in(files).solution.f(2) == 42


def test_relative_imports_without_a_package(hand_in):
    files = {
        "solution.py": "from .helper import base\n\ndef f(): return base()\n",
        "helper.py": "def base(): return 1\n",
    }
    assert hand_in(files).solution.f() == 1


def test_an_entry_in_a_folder(hand_in):
    files = {
        "lab/__init__.py": "NAME = 'lab'\n",
        "lab/main.py": """
            from . import NAME
            from .deep.util import g
            from lab.deep import util

            def f(): return NAME, g()
        """,
        "lab/deep/__init__.py": "",
        "lab/deep/util.py": "from .. import NAME\n\ndef g(): return NAME * 2\n",
    }
    assert hand_in(files, "lab/main.py").solution.f() == ("lab", "lablab")


@pytest.mark.parametrize("entry", ["my solution.py", "lösung.py", "class.py", "my folder/a b.py"])
def test_an_entry_whose_name_is_no_identifier(hand_in, entry):
    root = hand_in(
        "import pickle\n\nclass Box: pass\n\ndef f(): return pickle.loads(pickle.dumps(Box())) is not None\n",
        entry,
    )
    assert root.solution.Box() is not None


def test_a_module_named_like_a_library_is_only_the_students(hand_in):
    files = {
        "solution.py": "import torch\n\ndef f(): return float(torch.ones(2).sum())\n",
        "torch.py": "raise RuntimeError",
    }
    assert hand_in(files).solution.f() == 2.0


def test_random_numbers_are_seeded(hand_in):
    source = """
        import random, numpy, torch

        def f(): return random.random(), float(numpy.random.rand()), float(torch.rand(1))
    """
    first, second = (hand_in(source, seed=5).solution.f() for _ in range(2))
    assert first == second
    assert hand_in(source, seed=6).solution.f() != first


# ------------------------------------------------------------------ salvage


def test_a_file_that_fails_at_import_is_salvaged(hand_in):
    root = hand_in(
        """
        import math
        DATA = open("missing.csv").read()
        SIZE = 4
        print("training...")
        for epoch in range(10): pass

        def area(r): return math.pi * r * r

        class Box:
            side = SIZE

        raise SystemExit(1)
        """
    )
    assert root.solution.area(1) == pytest.approx(3.14159265)
    assert root.solution.Box.side == 4
    with pytest.raises(NotImplementedYet):
        _ = root.solution.DATA
    salvage = root.session.salvage
    assert "FileNotFoundError" in salvage.reason
    assert [line for line, _, _ in salvage.skipped] == [3, 5, 6, 13]
    assert root.session.load_error is None


def test_a_file_that_hangs_at_import_is_salvaged(hand_in):
    root = hand_in("def f(): return 1\n\nwhile True: pass\n", import_seconds=0.3)
    assert root.solution.f() == 1
    assert "No answer within" in root.session.salvage.reason


def test_a_file_that_ends_the_process_at_import_is_salvaged(hand_in):
    root = hand_in("import os\n\ndef f(): return 1\n\nos._exit(0)\n")
    assert root.solution.f() == 1
    assert "exit code 0" in root.session.salvage.reason


def test_a_salvaged_file_stays_salvaged(hand_in, backend):
    root = hand_in("import os\n\ndef die(): os._exit(0)\n\n1 / 0\n")
    with pytest.raises(SandboxDied):
        root.solution.die()
    before = backend.started
    assert root.solution.die is not None
    assert backend.started == before + 1


def test_a_file_that_cannot_be_read_at_all(hand_in):
    root = hand_in("def f(:\n")
    with pytest.raises(RemoteException, match=r"SyntaxError.*solution\.py, line 1"):
        _ = root.solution
    assert root.math.sqrt(4) == 2.0  # the sandbox itself is usable


def test_a_submission_without_code(hand_in):
    root = hand_in({"notes.txt": "hello"}, None)
    with pytest.raises(NotImplementedYet, match="no code"):
        _ = root.solution
    assert root.math.sqrt(4) == 2.0
