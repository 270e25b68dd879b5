"""The supervisor with real processes: it restarts what dies and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("supervised.py")


@pytest.fixture
def watch(tmp_path):
    """Start a supervisor over the named children; whatever is left is killed after the test."""
    started = []

    def start(*names, stop_seconds=2):
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "WATCHED": str(tmp_path)}
        process = subprocess.Popen(
            [sys.executable, PROGRAM, tmp_path, str(stop_seconds), *names],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        until(lambda: {note.stem for note in tmp_path.iterdir()} >= set(names))
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
    for pid in watched(tmp_path):
        os.kill(pid, signal.SIGKILL)


def until(condition, seconds=15.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def watched(folder):
    """Every process that has this test's folder in its environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"WATCHED={folder}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def pid_of(folder, name):
    return int(max(folder.glob(f"{name}.*"), key=lambda note: note.stat().st_mtime_ns).suffix[1:])


def test_told_to_stop_it_ends_everything(watch, tmp_path):
    process = watch("steady", "parent")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert output.splitlines()[-1] == "end"
    assert process.returncode == 0
    assert watched(tmp_path) == []


def test_what_dies_is_started_again_with_growing_waits(watch, tmp_path):
    process = watch("steady", "dies")
    until(lambda: len(list(tmp_path.glob("dies.*"))) >= 3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert "The dies has ended (exit status 7); it starts again in 0.5 s." in output
    assert "it starts again in 1 s." in output
    assert "steady has ended" not in output


def test_a_killed_child_is_started_again_and_its_helpers_end_with_it(watch, tmp_path):
    process = watch("parent")
    until(lambda: len(watched(tmp_path)) == 4)
    first = pid_of(tmp_path, "parent")
    os.kill(first, signal.SIGKILL)
    until(lambda: len(list(tmp_path.glob("parent.*"))) == 2)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert "The parent has ended (SIGKILL)" in output
    assert watched(tmp_path) == []


def test_what_does_not_stop_is_killed(watch, tmp_path):
    process = watch("stubborn")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert "The stubborn did not stop; it is killed." in output
    assert watched(tmp_path) == []


def test_a_second_ctrl_c_stops_at_once(watch, tmp_path):
    process = watch("stubborn", stop_seconds=600)

    def told_again():  # two that come at once are one
        process.send_signal(signal.SIGINT)
        return process.poll() is not None

    until(told_again)
    output, _ = process.communicate(timeout=20)
    assert "Told again: stopping at once." in output
    assert watched(tmp_path) == []


def test_children_do_not_outlive_a_killed_supervisor(watch, tmp_path):
    process = watch("steady")
    process.kill()
    process.wait()
    until(lambda: watched(tmp_path) == [])
