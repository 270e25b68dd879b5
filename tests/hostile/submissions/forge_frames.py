"""Breaks frames: headers that claim gigabytes, lengths that overflow, half frames, other magic, silence."""

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
        write(b"TGW1" + struct.pack("<IIQ", 10, 1, 4 << 30))
    if number == 1:
        write(b"TGW1" + struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF))
    if number == 2:
        write(b"TGW1" + struct.pack("<IIQQQ", 0, 3, 2**64 - 1, 2**64 - 1, 2))
    return "sent"


def answer(x):
    if isinstance(x, int):
        write(b"HTTP/1.1 200 OK\r\n\r\n" * 1000)
    if isinstance(x, str):
        write(frame(b"\xc1" * 100))
    if isinstance(x, list):
        write(frame(b"\x93\x01\x92\x28" + b"\x92\x01\x91" * 500_000))
    if isinstance(x, dict):
        write(frame(b"")[:7])
        os.close(CHANNEL_OUT)
    if x is None:
        reply([m.Items([])] * 3 if False else m.Items([m.Items([])] * 100_000))
    return 0
