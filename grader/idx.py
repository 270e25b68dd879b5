"""The IDX format of the MNIST family: unsigned bytes in one array, big-endian sizes in front.

bytes 0-1  zero        byte 2  8 = unsigned byte        byte 3  number of dimensions
then four bytes for the size of each dimension, then the values, last dimension fastest
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

import torch

from grader.errors import UsageError

UNSIGNED_BYTE = 8
MAX_DIMENSIONS = 3
MAX_BYTES = 256 * 2**20  # of one file, unpacked; the largest real one has 47 million


def idx_bytes(values: torch.Tensor) -> bytes:
    """`values` (one to three dimensions, whole numbers 0 to 255) as the content of an IDX file."""
    if not 1 <= values.dim() <= MAX_DIMENSIONS:
        raise ValueError(f"{values.dim()} dimensions: IDX files of 1 to {MAX_DIMENSIONS} are written here.")
    small = values.to(torch.uint8)
    if not torch.equal(small.to(values.dtype), values):
        raise ValueError("IDX files hold unsigned bytes: whole numbers from 0 to 255.")
    header = struct.pack(">HBB", 0, UNSIGNED_BYTE, values.dim()) + struct.pack(
        f">{values.dim()}I", *values.shape
    )
    return header + small.contiguous().numpy().tobytes()


def parse_idx(content: bytes) -> torch.Tensor:
    """The uint8 tensor of an IDX file. Every size is checked against the bytes that are there.

    Raises:
        ValueError: it is not an IDX file of unsigned bytes, or it is cut short or too long.
    """
    if len(content) < 4:
        raise ValueError("not an IDX file: shorter than its header")
    zero, kind, dimensions = struct.unpack_from(">HBB", content)
    if zero != 0 or kind != UNSIGNED_BYTE or not 1 <= dimensions <= MAX_DIMENSIONS:
        raise ValueError("not an IDX file of unsigned bytes with one to three dimensions")
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ValueError("not an IDX file: shorter than its header")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    if len(content) - start != math.prod(shape):
        raise ValueError(f"shape {shape} needs {math.prod(shape)} values, it has {len(content) - start}")
    if math.prod(shape) == 0:
        return torch.empty(shape, dtype=torch.uint8)
    return torch.frombuffer(bytearray(content[start:]), dtype=torch.uint8).reshape(shape)


def read_idx(path: Path) -> torch.Tensor:
    """The tensor in `path`, or in the same name with `.gz` where only that is there.

    Raises:
        UsageError: neither is there, or it cannot be read as an IDX file.
    """
    packed = path.with_name(path.name + ".gz")
    try:
        content = _bounded(path.read_bytes()) if path.exists() else _unpacked(packed.read_bytes())
        return parse_idx(content)
    except OSError as error:
        raise UsageError(f"{path} (or .gz): {error.strerror or error}.") from error
    except (ValueError, zlib.error) as error:
        raise UsageError(f"{path} (or .gz) is damaged: {error}. Fetch it again.") from error


def _unpacked(packed: bytes) -> bytes:
    """A gzip stream's content, with a cap on what it unpacks to."""
    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    content = stream.decompress(packed, MAX_BYTES + 1)
    if not stream.eof and len(content) <= MAX_BYTES:
        raise ValueError("the gzip stream is cut short")
    return _bounded(content)


def _bounded(content: bytes) -> bytes:
    if len(content) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    return content
