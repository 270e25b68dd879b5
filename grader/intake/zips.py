"""Reads a zip in memory. `zipfile` parses the directory; what it does not check is checked here."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib

from grader.errors import SubmissionError
from grader.intake.collect import Collector
from grader.intake.paths import shown

_CHUNK = 2**16
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # magic, length of the name, length of the extra field
_ENCRYPTED = 0x1 | 0x40 | 0x2000
# Everything that zipfile and zlib were seen to raise on damaged input.
_DAMAGE = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError),
    *(ValueError, OverflowError, IndexError, KeyError, NotImplementedError, RuntimeError, MemoryError),
)


def read_zip(data: bytes, collector: Collector) -> None:
    """Add every file of the zip `data` to `collector`.

    Raises:
        SubmissionError: damaged, encrypted, an entry that is no plain file, or beyond a cap.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_spans(data, archive)
            for info in archive.infolist():
                _take(archive, info, collector)
    except _DAMAGE as error:
        raise SubmissionError(
            f"{collector.where} is a damaged or incomplete zip file ({shown(str(error))}). "
            "Make the archive again and upload it again."
        ) from error


def _check_spans(data: bytes, archive: zipfile.ZipFile) -> None:
    """Refuse entries that share bytes: a few kilobytes could then unpack to terabytes."""
    end = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise zipfile.BadZipFile(f"the entry {shown(info.orig_filename)} overlaps another one")
        magic, name_length, extra_length = _LOCAL_HEADER.unpack_from(data, info.header_offset)
        if magic != b"PK\x03\x04":
            raise zipfile.BadZipFile(f"the entry {shown(info.orig_filename)} has no header")
        end = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length + info.compress_size
    if end > archive.start_dir:
        raise zipfile.BadZipFile("an entry reaches into the list of names")


def _take(archive: zipfile.ZipFile, info: zipfile.ZipInfo, collector: Collector) -> None:
    path = collector.admit(info.orig_filename)  # `filename` is cut at a NUL
    if path is None:
        return
    mode = info.external_attr >> 16  # of Unix, 0 where another system made it
    if info.orig_filename.endswith("/") or stat.S_ISDIR(mode):
        collector.add_folder(path)
        return
    _check_kind(path, mode, info, collector.where)
    collector.add_file(path, _content(archive, info, collector))


def _check_kind(path: str, mode: int, info: zipfile.ZipInfo, where: str) -> None:
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        raise SubmissionError(
            f"{where}: `{shown(path)}` is a link or a device. Put the file itself into the archive."
        )
    if info.flag_bits & _ENCRYPTED:
        raise SubmissionError(
            f"{where}: `{shown(path)}` is encrypted. Make the archive again without a password."
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise SubmissionError(
            f"{where}: `{shown(path)}` is packed by an unusual method (number {info.compress_type}). "
            "Make the zip again with your system's own zip program."
        )


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, collector: Collector) -> bytes:
    """The bytes really produced, counted while they come; the sizes in the headers prove nothing."""
    content = bytearray()
    with archive.open(info) as stream:
        while chunk := stream.read(_CHUNK):
            content += chunk
            if len(content) > collector.room:
                raise collector.too_big()
    if len(content) != info.file_size:
        raise zipfile.BadZipFile(f"{shown(info.orig_filename)} is not as long as it says")
    return bytes(content)
