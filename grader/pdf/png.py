"""Writes a PNG from a table of pixels, so that no picture that a sandbox wrote is ever shown."""

from __future__ import annotations

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BITS_RGB = (8, 2, 0, 0, 0)
_LEVEL = 6
CHANNELS = 3


def encode(width: int, height: int, pixels: bytes | bytearray) -> bytes:
    """The PNG of `height` rows of `width` pixels, three bytes each (red, green, blue).

    Raises:
        ValueError: that is not as many bytes.
    """
    row = CHANNELS * width
    if width < 1 or height < 1 or len(pixels) != row * height:
        raise ValueError(f"{len(pixels)} bytes are no picture of {width}x{height} pixels.")
    view = memoryview(pixels)
    lines = b"".join(b"\0" + view[start : start + row] for start in range(0, len(view), row))
    header = struct.pack(">II5B", width, height, *_EIGHT_BITS_RGB)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, _LEVEL)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
