"""Answers one byte at a time, each of them well in time."""

import os
import time as clock
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


def drip(data):
    for byte in data:
        write(bytes([byte]))
        clock.sleep(0.05)


def attack(number):
    if number:
        return "fast"
    drip(frame(m.encode(m.Reply(request().id, m.Returned("x" * 1000)))))


def answer(x):
    return 0
