"""Takes over the channel at import and answers every question by itself: plain data where objects are asked for."""

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


REPLIES = [None, 5, "text", m.Items([]), m.Mapping([], []), m.TensorData("torch", "float32", [], 0), m.Handle(1, "module", "m")]


def serve():
    count = 0
    while True:
        data = os.read(CHANNEL_IN, 1 << 20)
        if not data:
            sys.exit()
        head = 12 + 8 * struct.unpack("<I", data[8:12])[0]
        length = struct.unpack("<I", data[4:8])[0]
        asked = m.decode_request(data[head : head + length])
        value = REPLIES[count % len(REPLIES)]
        count += 1
        write(frame(m.encode(m.Reply(asked.id, m.Returned(value))), *([b"1234"] if count % 7 == 6 else [])))


reply(m.Items([]))
serve()
