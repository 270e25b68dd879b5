"""Every message and every value that may travel, as msgspec structs.

Requests go from the examiner to the harness, replies come back. Decoding checks every field's type; an
unknown tag, a wrong type or a
recursion that is too deep is a `WireError`.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from grader.errors import WireError


class _Record(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Encoded as an array: tag first, then the fields in order."""


# ------------------------------------------------------------------ values


class Items(_Record, frozen=True, tag=1):
    """A list."""

    items: list[Value]


class TupleOf(_Record, frozen=True, tag=2):
    """A tuple, or a torch.Size."""

    items: list[Value]


class Mapping(_Record, frozen=True, tag=3):
    """A dict, in order. Keys are plain values."""

    keys: list[Value]
    values: list[Value]


class TensorData(_Record, frozen=True, tag=4):
    """A dense tensor or array, row-major, whose bytes are in a buffer."""

    family: str  # "torch", "numpy" or "scalar" (a numpy scalar)
    dtype: str
    shape: list[int]
    buffer: int
    requires_grad: bool = False


class Complex(_Record, frozen=True, tag=5):
    """A complex number."""

    real: float
    imag: float


class BigInt(_Record, frozen=True, tag=6):
    """An integer beyond 64 bits, in hexadecimal."""

    digits: str


class Slice(_Record, frozen=True, tag=7):
    """A slice, for indexing."""

    start: Value
    stop: Value
    step: Value


class Dots(_Record, frozen=True, tag=8):
    """Ellipsis, for indexing."""


class Dtype(_Record, frozen=True, tag=9):
    """A torch.dtype."""

    name: str


class Handle(_Record, frozen=True, tag=10):
    """An object that stays in the sandbox. What it says of itself is the sandbox's claim."""

    id: int
    kind: str = "object"  # module, class, function, tensor, network or object
    type_name: str = ""


class Blob(_Record, frozen=True, tag=11):
    """bytes."""

    buffer: int


Value = (
    None
    | bool
    | int
    | float
    | str
    | Items
    | TupleOf
    | Mapping
    | TensorData
    | Complex
    | BigInt
    | Slice
    | Dots
    | Dtype
    | Handle
    | Blob
)


# ------------------------------------------------------------------ requests


class File(_Record, frozen=True):
    """One file of the submission; its bytes are in a buffer."""

    path: str
    buffer: int


class Load(_Record, frozen=True, tag=20):
    """Write the submission's files and import its entry module under the name `alias`.

    `modules` are further files that an `Import` of their name loads; its result is then the module and what
    was skipped of it. `stepwise` are the files that are loaded statement by statement.
    """

    files: list[File]
    entry: str | None
    alias: str
    seed: int
    salvage: bool  # run definitions only, statement by statement
    modules: dict[str, str] = {}
    stepwise: list[str] = []


class Import(_Record, frozen=True, tag=21):
    """Import a module by name."""

    name: str


class Get(_Record, frozen=True, tag=22):
    """Read an attribute."""

    target: int
    name: str


class Set(_Record, frozen=True, tag=23):
    """Write an attribute."""

    target: int
    name: str
    value: Value


class Call(_Record, frozen=True, tag=24):
    """Call an object."""

    target: int
    args: list[Value]
    kwargs: dict[str, Value]


class Index(_Record, frozen=True, tag=25):
    """Read an item."""

    target: int
    key: Value


class Iterate(_Record, frozen=True, tag=26):
    """Read up to `most` items as a list."""

    target: int
    most: int


class Length(_Record, frozen=True, tag=27):
    """len()."""

    target: int


class Fetch(_Record, frozen=True, tag=28):
    """A copy of the object's data by value, without graph and subclass."""

    target: int


class Define(_Record, frozen=True, tag=29):
    """Make a function from the author's source: an expression, or one `def`."""

    source: str


class Put(_Record, frozen=True, tag=30):
    """Keep a copy of a value in the sandbox."""

    value: Value


class PutFile(_Record, frozen=True, tag=31):
    """Write a file below the submission's folder."""

    path: str
    buffer: int


class Describe(_Record, frozen=True, tag=32):
    """List a network's modules."""

    target: int


class IsInstance(_Record, frozen=True, tag=33):
    """isinstance() with a class named by its dotted path."""

    target: int
    type_name: str


class Locate(_Record, frozen=True, tag=34):
    """Where an object is defined: file and line."""

    target: int


class RunProgram(_Record, frozen=True, tag=35):
    """Run a file as `python file args` would, in `folder`, after writing `files` below that."""

    folder: str  # below the submission's folder, "" for itself
    path: str  # below `folder`
    args: list[str]
    files: list[File]


class ReadFile(_Record, frozen=True, tag=36):
    """The bytes of a regular file in `folder`."""

    folder: str
    path: str
    most_bytes: int


Operation = (
    Load
    | Import
    | Get
    | Set
    | Call
    | Index
    | Iterate
    | Length
    | Fetch
    | Define
    | Put
    | PutFile
    | Describe
    | IsInstance
    | Locate
    | RunProgram
    | ReadFile
)


class Request(_Record, frozen=True):
    """One question. `release` names handles that nobody holds any more."""

    id: int
    operation: Operation
    release: list[int] = []


# ------------------------------------------------------------------ replies


class Returned(_Record, frozen=True, tag=40):
    """It worked."""

    value: Value


class TracebackLine(_Record, frozen=True):
    """One frame of the student's own files."""

    file: str
    line: int
    function: str
    source: str


class Raised(_Record, frozen=True, tag=41):
    """It raised. `missing` tells a stub or a missing name from an error."""

    type_name: str
    message: str
    missing: bool
    frames: list[TracebackLine]


class Reply(_Record, frozen=True):
    """One answer, with what was printed since the last one."""

    id: int
    outcome: Returned | Raised
    output: str = ""


_Message = TypeVar("_Message")

_ENCODER = msgspec.msgpack.Encoder()
_REQUESTS = msgspec.msgpack.Decoder(Request)
_REPLIES = msgspec.msgpack.Decoder(Reply)


def encode(message: Request | Reply) -> bytes:
    """A message as an envelope.

    Raises:
        ValueError: a text with lone surrogates.
    """
    return _ENCODER.encode(message)


def decode_request(envelope: memoryview | bytes) -> Request:
    """An envelope as a request. Raises `WireError`."""
    return _decode(_REQUESTS, envelope)


def decode_reply(envelope: memoryview | bytes) -> Reply:
    """An envelope as a reply. Raises `WireError`."""
    return _decode(_REPLIES, envelope)


def _decode(decoder: msgspec.msgpack.Decoder[_Message], envelope: memoryview | bytes) -> _Message:
    try:
        return decoder.decode(envelope)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise WireError(f"A message from the sandbox cannot be read: {error}") from error
