"""Forges what went wrong: endless tracebacks and texts, exceptions that count as stubs, huge skipped lines, floods of output."""

import os
import struct
import sys

from grader.wire import messages as m


def double(x):
    return 2 * x


def request():
    """The question that is being answered, from the frames of the harness."""
    frame = sys._getframe()
    while frame and type(frame.f_locals.get("request")) is not m.Request:
        frame = frame.f_back
    return frame.f_locals["request"]


def write(data):
    while data:
        data = data[os.write(CHANNEL_OUT, data) :]


def frame(envelope, *buffers, lengths=None):
    lengths = [len(buffer) for buffer in buffers] if lengths is None else lengths
    table = b"".join(struct.pack("<Q", length) for length in lengths)
    return b"TGW1" + struct.pack("<II", len(envelope), len(lengths)) + table + envelope + b"".join(buffers)


def reply(value, *buffers, id=None, output=""):
    write(frame(m.encode(m.Reply(request().id if id is None else id, m.Returned(value), output)), *buffers))


def raised(name, message, missing, frames, output=""):
    write(frame(m.encode(m.Reply(request().id, m.Raised(name, message, missing, frames), output))))


def attack(number):
    line = m.TracebackLine("solution.py\n\x1b[2J", 2**63 - 1, "f" * 100, "\u202e" + "x" * 100)
    if number == 0:
        raised("ValueError", "x" * 1_000_000, False, [line] * 2000)
    if number == 1:
        raised("grader.errors.InfrastructureError", "not my fault", False, [])
    if number == 2:
        raised("x" * 1_900_000, "", False, [], "")
    return 0


def answer(x):
    if isinstance(x, int):
        raised("SpecError", "\x00" * 10, True, [])
    if isinstance(x, str):
        raised("", "", False, [], "o" * 1_900_000)
    return 0
