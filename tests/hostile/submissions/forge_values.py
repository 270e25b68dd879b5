"""Sends values that are not what they claim: shapes, dtypes, byte counts, buffers, keys, handles, depths."""

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

CLAIMS = [
    (m.TensorData("torch", "float32", [6], 0), b"short"),
    (m.TensorData("torch", "bool", [6], 0), bytes([7] * 6)),
    (m.TensorData("torch", "float32", [2**62, 4], 0), b""),
    (m.TensorData("torch", "float32", [0, 2**62], 0), b""),
    (m.TensorData("torch", "float32", [-1, 6], 0), bytes(24)),
    (m.TensorData("torch", "qint8", [6], 0), bytes(6)),
    (m.TensorData("torch", "float32", [6], 7), bytes(24)),
    (m.TensorData("numpy", "object", [3], 0), bytes(24)),
    (m.TensorData("torch", "uint8", [2] * 22, 0), bytes(2**22)),
    (m.Items([m.Blob(0), m.Blob(0)]), b"twice"),
    (m.Dtype("load"),),
    (m.BigInt("f" * 100_000),),
    (m.BigInt("f" * 4000),),
    (m.Mapping([m.Items([])], [1]),),
    (m.Mapping([1, 1.0, True], ["a", "b", "c"]),),
    (m.Mapping([m.Complex(12345678 - 1000003 * k, k) for k in range(4096)], [None] * 4096),),
    (m.Mapping([m.TupleOf([None] * 400 + [m.BigInt(hex(5 + (2**61 - 1) * k))]) for k in range(10, 4000)], [None] * 3990),),
    (m.Mapping([m.Handle(k) for k in range(2000)], [None] * 2000),),
    (m.Handle(123456789, "network", "torch.nn.modules.linear.Linear"),),
    (m.Handle(2**64 - 1, "x" * 100_000, "y" * 100_000),),
    (m.Handle(-1),),
    (m.Slice(m.Dots(), m.Dots(), m.Slice(None, None, None)),),
    (m.TensorData("torch", "float32", [6], 0, True), bytes(24)),
    (m.TensorData("scalar", "complex128", [], 0), b"\xff" * 16),
    (m.Items([m.Handle(k) for k in range(100_000)]),),
]
TURN = [0]


def lie():
    claim, *buffers = CLAIMS[TURN[0] % len(CLAIMS)]
    TURN[0] += 1
    reply(claim, *buffers)
    while True:
        os.read(CHANNEL_IN, 1 << 20) or os._exit(0)
        lie()


def attack(number):
    """Each round starts at another claim, and goes on with the next questions instead of the harness."""
    TURN[0] = [0, 9, 17][number]
    lie()


def answer(x):
    kinds = ["Tensor", "int", "str", "list", "tuple", "dict", "NoneType", "bool"]
    TURN[0] = 3 * kinds.index(type(x).__name__)
    lie()
