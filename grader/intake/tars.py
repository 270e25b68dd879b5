"""Reads a tar in memory, compressed by gzip or not.

The format is parsed here and not by `tarfile`: several Python 3.11 and 3.12 releases loop forever or
recurse without end on crafted headers, and a submission needs neither sparse files nor links.

A tar is a row of 512-byte blocks: a header (name, size, kind, checksum), the content padded to whole blocks,
and blocks of zeros at the end. Headers of kind `L` (GNU) and `x` (pax) hold a longer name or size.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from grader.errors import SubmissionError
from grader.intake.collect import Collector
from grader.intake.paths import shown

BLOCK = 512
GZIP_MAGIC = b"\x1f\x8b"
MAX_OVERHEAD = 8 * 2**20  # unpacked bytes beyond the files: headers, padding, what is left out
MAX_GZIP_MEMBERS = 16
_SPECIAL = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a named pipe",
}
_REGULAR = (b"0", b"\0", b"7")


class Damaged(Exception):
    """The archive breaks the format; the text says how."""


@dataclass(frozen=True)
class _Header:
    name: str
    size: int
    kind: bytes


def read_tar(data: bytes, collector: Collector) -> None:
    """Add every file of the tar or gzipped tar `data` to `collector`.

    Raises:
        SubmissionError: damaged, an entry that is no plain file, or beyond a cap.
    """
    try:
        stream = memoryview(_gunzip(data, collector) if data.startswith(GZIP_MAGIC) else data)
        for header, content in _entries(stream):
            _take(header, content, collector)
    except Damaged as error:
        raise SubmissionError(
            f"{collector.where} is a damaged or incomplete tar file ({error}). "
            "Make the archive again and upload it again."
        ) from error


def is_tar(data: bytes) -> bool:
    """Whether `data` starts with a tar header; old tars have no magic, so the checksum decides."""
    return len(data) >= BLOCK and any(data[:BLOCK]) and _checksum_holds(memoryview(data)[:BLOCK])


def _gunzip(data: bytes, collector: Collector) -> bytes:
    cap = collector.room + MAX_OVERHEAD
    output = bytearray()
    for _ in range(MAX_GZIP_MEMBERS):
        member = zlib.decompressobj(wbits=31)
        try:
            output += member.decompress(data, cap + 1 - len(output))
        except zlib.error as error:
            raise Damaged("its gzip data is broken") from error
        if len(output) > cap:
            raise collector.too_big()
        if not member.eof:
            raise Damaged("its gzip data ends too early")
        data = member.unused_data
        if not data.startswith(GZIP_MAGIC):
            return bytes(output)  # what follows the last member is padding
    raise Damaged("it has too many gzip members")


def _take(header: _Header, content: memoryview, collector: Collector) -> None:
    path = collector.admit(header.name)
    if path is None:
        return
    if header.kind == b"5" or (header.kind == b"\0" and header.name.endswith("/")):
        collector.add_folder(path)
    elif header.kind in _REGULAR:
        collector.add_file(path, bytes(content))
    else:
        what = _SPECIAL.get(header.kind, "of an unusual kind")
        raise SubmissionError(
            f"{collector.where}: `{shown(path)}` is {what}. Put the file itself into the archive."
        )


def _entries(stream: memoryview) -> Iterator[tuple[_Header, memoryview]]:
    """Every entry with its content, the longer names and sizes of extension headers applied."""
    position = 0
    extension: dict[str, str] = {}
    while not _at_end(stream, position):
        header = _parse(stream[position : position + BLOCK], extension)
        start, position = position + BLOCK, position + BLOCK + header.size
        if position > len(stream):
            raise Damaged(f"the content of {shown(header.name)} is cut off")
        content = stream[start:position]
        position += -header.size % BLOCK
        if header.kind in b"LKxg":
            extension.update(_extension(header, bytes(content)))
            continue
        yield header, content
        extension = {}
    if extension:
        raise Damaged("a long name stands before nothing")


def _at_end(stream: memoryview, position: int) -> bool:
    block = stream[position : position + BLOCK]
    if len(block) < BLOCK:
        raise Damaged("it ends too early")
    return not any(block)


def _parse(block: memoryview, extension: dict[str, str]) -> _Header:
    if not _checksum_holds(block):
        raise Damaged("the checksum of a header is wrong")
    name, kind = _text(bytes(block[:100])), bytes(block[156:157])
    if kind in b"LKxg":
        return _Header(name, _number(bytes(block[124:136])), kind)
    if bytes(block[257:263]) == b"ustar\0" and block[345]:
        name = f"{_text(bytes(block[345:500]))}/{name}"
    size = _decimal(extension["size"]) if "size" in extension else _number(bytes(block[124:136]))
    if kind not in _REGULAR:
        size = size if kind not in _SPECIAL and kind != b"5" else 0
    return _Header(extension.get("path", name), size, kind)


def _extension(header: _Header, content: bytes) -> dict[str, str]:
    """What an extension header says of the next entry: "path" and "size" where it does."""
    if header.kind == b"L":
        return {"path": _text(content)}
    if header.kind == b"K":
        return {}  # the target of a link, which is refused anyway
    records = dict(_records(content))
    if any(key.startswith("GNU.sparse") for key in records):
        raise Damaged("it contains a sparse file")
    wanted = {key: value for key, value in records.items() if key in ("path", "size")}
    if wanted and header.kind == b"g":
        raise Damaged("it gives all files one name or size")
    return wanted


def _records(content: bytes) -> Iterator[tuple[str, str]]:
    """The records `LENGTH KEY=VALUE\\n` of a pax header; the length counts the whole record."""
    position = 0
    while position < len(content):
        digits, space, _ = content[position : position + 20].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        record = content[position + len(digits) + 1 : position + length]
        key, equals, value = record[:-1].partition(b"=")
        position += length
        if position > len(content) or not equals or not record.endswith(b"\n"):
            raise Damaged("a pax header is malformed")
        yield key.decode("utf-8", "replace"), value.decode("utf-8", "replace")


def _checksum_holds(block: memoryview) -> bool:
    """Whether the sum of the header's bytes, its own field counted as spaces, is what the field says."""
    try:
        return sum(block[:148]) + 8 * 32 + sum(block[156:BLOCK]) == _number(bytes(block[148:156]))
    except Damaged:
        return False


def _number(field: bytes) -> int:
    """Octal text, or (GNU) a big-endian number after a byte 0x80."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0")[0].strip()
    if not digits:
        return 0
    if not all(digit in b"01234567" for digit in digits):
        raise Damaged("a number in a header is malformed")
    return int(digits, 8)


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise Damaged("a size in a pax header is malformed")
    return int(text)


def _text(field: bytes) -> str:
    raw = field.split(b"\0")[0]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
