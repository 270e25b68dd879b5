"""Answers twice: forged replies before the real one, and replies to questions that were not asked yet."""

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


def attack(number):
    if number == 0:
        reply("forged")  # the real one comes on top
        return "real"
    if number == 1:
        reply("next", id=request().id + 1)
        return "real"
    reply("forged")
    os._exit(0)


def answer(x):
    for ahead in range(50):
        reply(1, id=request().id + ahead)
    return 1
