"""What can be said of a PDF without reading it: how it begins and ends, and how long it is."""

from __future__ import annotations

MAGIC = b"%PDF-"
END = b"%%EOF"
_HEAD = 1024  # bytes in which readers look for the magic, and for the end
_REMEDY = "Export your report as a PDF again, open it to see that it is whole, and hand that file in."


def problem(name: str, data: bytes, max_bytes: int) -> str | None:
    """A sentence on why these bytes are no whole PDF, None if they may be one."""
    if not data:
        return f"{name} is empty. {_REMEDY}"
    if len(data) > max_bytes:
        most = f"{max_bytes / 1e6:.1f} MB"
        return f"{name} has {len(data) / 1e6:.1f} MB; {most} are allowed. Make its pictures smaller."
    if MAGIC not in data[:_HEAD]:
        return f"{name} is not a PDF, whatever its name says. {_REMEDY}"
    if END not in data[-_HEAD:]:
        return f"{name} has no end: it is damaged, or was not saved completely. {_REMEDY}"
    return None
