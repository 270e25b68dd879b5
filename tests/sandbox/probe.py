"""Talks to sandboxes whose entry is `probe_entry.serve`: Python source goes in, plain data comes back."""

import json
import struct
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.sandbox.base import Result, Sandbox

ENTRY = "probe_entry:serve"
IMPORT_PATH = (Path(__file__).parent,)
PATIENCE = 60.0  # seconds, for a machine that is very busy


class Ended(Exception):
    """The sandbox ended instead of answering."""


@dataclass
class Refused(Exception):
    """The source raised inside the sandbox."""

    type_name: str
    text: str
    errno: int | None

    def __str__(self) -> str:
        return f"{self.type_name}: {self.text}"


class Probe:
    """One sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        sandbox.channel.settimeout(PATIENCE)
        self._stream = sandbox.channel.makefile("rwb")

    def send(self, source: str) -> None:
        """Begin to run source."""
        data = textwrap.dedent(source).encode()
        self._stream.write(struct.pack(">I", len(data)) + data)
        self._stream.flush()

    def receive(self) -> Any:
        """What the source assigned to `result`."""
        try:
            header = self._stream.read(4)
        except ConnectionResetError:
            header = b""
        if len(header) < 4:
            raise Ended
        reply = json.loads(self._stream.read(struct.unpack(">I", header)[0]))
        if "error" in reply:
            raise Refused(reply["error"], reply["text"], reply["errno"])
        return reply["result"]

    def run(self, source: str) -> Any:
        """Run source to its end."""
        self.send(source)
        return self.receive()

    def wait_for_end(self) -> None:
        """Wait until the sandbox has ended."""
        try:
            self.receive()
        except Ended:
            return
        raise AssertionError("the sandbox answered instead of ending")

    def stop(self, *, wait: bool = True) -> Result:
        """End it."""
        self._stream.close()
        return self._sandbox.stop()
