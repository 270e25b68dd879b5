"""What the bytes of a wrong file look like, for the sentence that tells the student."""

from __future__ import annotations

_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive or an Office document"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh91AY&SY", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"{\\rtf", "a rich-text (RTF) document"),
    (b"\xd0\xcf\x11\xe0", "an old Word document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"\x7fELF", "a compiled program"),
    (b"MZ\x90\x00", "a compiled program"),
    (b"\xcf\xfa\xed\xfe", "a compiled program"),
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")
_SEARCHED = 100_000  # bytes


def looks_like(data: bytes) -> str | None:
    """A noun phrase for content that is surely no Python source, None where it may be."""
    for magic, what in _MAGIC:
        if data.startswith(magic):
            return what
    if data[2:4] == b"\r\n" and b"\0" in data[:16]:
        return "compiled Python (.pyc)"
    head = data[:_SEARCHED].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:20].lower().startswith(_MARKUP):
        return "a web page (HTML)"
    if head.startswith(b"{") and b'"cells"' in data and b'"nbformat"' in data:
        return "a Jupyter notebook"
    return None


def remedy(what: str | None) -> str:
    """What a student can do whose file looks like `what`."""
    if what == "a Jupyter notebook":
        return "Give it the ending .ipynb and hand it in again."
    if what and "archive" in what:
        return "Give a .zip or .tar.gz its own ending; unpack any other archive and hand in the .py file."
    if what == "a web page (HTML)":
        return "It was probably saved from a browser: download the raw file and hand in that."
    return "Hand in the source itself, saved as plain text (UTF-8)."
