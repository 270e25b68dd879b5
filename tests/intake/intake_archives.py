"""Makes honest and crafted archives for the tests of intake."""

import io
import stat
import struct
import tarfile
import zipfile

from grader.assignment import AssignmentConfig, Code


def config(answers=False, **code):
    """An assignment that wants solution.py."""
    return AssignmentConfig(name="hw", title="Homework", code=Code(**code), answers=answers)


def zip_of(files, method=zipfile.ZIP_DEFLATED):
    """An honest zip. A name that ends in a slash is a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def zip_entry(name, data=b"x = 1\n", mode=None, **attributes):
    """A zip of solution.py and one entry whose ZipInfo is changed before writing."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("solution.py", b"y = 2\n")
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        if mode is not None:
            info.create_system, info.external_attr = 3, mode << 16
        for key, value in attributes.items():
            setattr(info, key, value)
        archive.writestr(info, data)
    return buffer.getvalue()


def zip_link(name, target):
    """A zip with a symbolic link, as Info-ZIP writes it."""
    return zip_entry(name, target.encode(), stat.S_IFLNK | 0o777)


def tar_of(files, mode="w", **options):
    """An honest tar by Python's tarfile."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, **options) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def tar_header(name, size=0, kind=b"0", *, magic=b"ustar\x0000", prefix=b"", size_field=None):
    """One 512-byte header, with any size field, and a right checksum."""
    size_field = b"%011o\0" % size if size_field is None else size_field
    header = bytearray(512)
    header[:100] = name[:100].ljust(100, b"\0")
    header[100:124] = b"0000644\x00" + 2 * b"0000000\x00"
    header[124:136] = size_field
    header[136:148] = b"00000000000\0"
    header[156:157] = kind
    header[257:265] = magic
    header[345:500] = prefix.ljust(155, b"\0")
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def padded(data):
    """Content filled up to whole blocks."""
    return data + bytes(-len(data) % 512)


def tar_member(name, data=b"", kind=b"0", **fields):
    """A header and its content."""
    return tar_header(name, len(data), kind, **fields) + padded(data)


TAR_END = bytes(1024)


def pax(**records):
    """An extended header with these records."""
    body = b"".join(pax_record(key.replace("__", "."), value) for key, value in records.items())
    return tar_member(b"PaxHeader", body, b"x")


def pax_record(key, value):
    """`LENGTH KEY=VALUE` where the length counts itself."""
    rest = f" {key}={value}\n".encode()
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length += 1
    return str(length).encode() + rest


def patched(data, offset, fmt, *values):
    """`data` with a little-endian field overwritten."""
    changed = bytearray(data)
    struct.pack_into(fmt, changed, offset, *values)
    return bytes(changed)
