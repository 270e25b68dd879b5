"""Names of uploads: shown and sent back, never used as a path."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

_LONGEST = 255  # characters
_FOLDERS = re.compile(r"[/\\]")
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, marks that turn text around, halves of characters


def safe_name(raw: str) -> str:
    """The base name without anything invisible; "upload" if nothing is left. A long one keeps its end."""
    base = _FOLDERS.split(unicodedata.normalize("NFC", raw))[-1]
    name = "".join(char for char in base if unicodedata.category(char) not in _HIDDEN).strip()
    if name in ("", ".", ".."):
        return "upload"
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 41]}…{name[-40:]}"


def accepted_suffix(name: str, accept: tuple[str, ...]) -> bool:
    """Whether a name has one of these ends, whatever its case."""
    return name.lower().endswith(accept)


def attachment(name: str) -> str:
    """A Content-Disposition: never shown in the browser, whatever it is called.

    The plain name is for very old programs.
    """
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "._- ()") else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
