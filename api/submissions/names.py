"""Names of uploads: shown and sent back, never used as a path."""

from __future__ import annotations

import re
import unicodedata

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
