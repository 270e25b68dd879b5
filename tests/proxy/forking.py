"""A backend for these tests: the real harness in real processes, forked from a small server, not isolated.

    python forking.py DESCRIPTOR FOLDER

Every packet to the server is a JSON list: ["start", output_bytes] with a channel, ["stop", pid, has_ended].
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.harness.main import serve
from grader.sandbox.base import OUTPUT_EXIT_CODE, Limits, Result, Status, Usage


class ForkedSandbox:
    def __init__(self, backend: ForkingBackend, pid: int, channel: socket.socket) -> None:
        self._backend = backend
        self._pid = pid
        self._result: Result | None = None
        self.channel = channel

    def stop(self, *, wait: bool = True) -> Result:
        if self._result is None:
            code = self._backend.ask(["stop", self._pid, self._has_ended()])
            self.channel.close()
            self._result = self._meaning(code)
        return self._result

    def _has_ended(self) -> bool:
        try:
            self.channel.settimeout(0)
            return not self.channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _meaning(self, code: int) -> Result:
        if code == -signal.SIGKILL:
            return Result(Status.STOPPED, Usage())
        if code < 0:
            return Result(Status.SIGNALED, Usage(), signal=-code)
        return Result(Status.OUTPUT if code == OUTPUT_EXIT_CODE else Status.EXITED, Usage(), exit_code=code)


class ForkingBackend:
    name = "forking"

    def __init__(self, folder: Path) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno()), str(folder)]
            environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment)
        self.started = 0

    def start(self, limits: Limits) -> ForkedSandbox:
        self.started += 1
        ours, theirs = socket.socketpair()
        with theirs:
            pid = self.ask(["start", limits.output_bytes], [theirs.fileno()])
        return ForkedSandbox(self, pid, ours)

    def ask(self, message: list[object], descriptors: list[int] | None = None) -> int:
        socket.send_fds(self._control, [json.dumps(message).encode()], descriptors or [])
        return int(self._control.recv(100))

    def close(self) -> None:
        self._control.close()
        self._process.wait()


def main(control: socket.socket, folder: str) -> None:
    import torch  # noqa: F401 - what the children find loaded

    children: set[int] = set()
    while True:
        packet, descriptors, _, _ = socket.recv_fds(control, 1000, 1)
        if not packet:
            break
        match json.loads(packet):
            case ["start", output_bytes]:
                pid = os.fork()
                if pid == 0:
                    control.close()
                    run(socket.socket(fileno=descriptors[0]), folder, output_bytes)
                children.add(pid)
                os.close(descriptors[0])
                control.send(str(pid).encode())
            case ["stop", pid, has_ended]:
                children.discard(pid)
                control.send(str(ended(pid, 5.0 if has_ended else 0.0)).encode())
    for pid in children:
        ended(pid, 0.0)


def run(channel: socket.socket, folder: str, output_bytes: int) -> None:
    code = 1
    try:
        os.chdir(tempfile.mkdtemp(dir=folder))
        serve(channel, threads=1, output_bytes=output_bytes)
        code = 0
    finally:
        os._exit(code)


def ended(pid: int, patience: float) -> int:
    """The exit code; killed, if it has not ended by itself."""
    deadline = time.monotonic() + patience
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        time.sleep(0.001)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
