"""Which names a submission may contain, and which are left out without a word from the student."""

from __future__ import annotations

import re
import unicodedata

from grader.errors import SubmissionError

MAX_PATH_BYTES = 240  # of a relative path in UTF-8
MAX_DEPTH = 16  # folders above a file, and the file
MAX_SHOWN = 100  # characters of a name in a message

_LEFT_OUT = {
    *("__macosx", ".ds_store", "thumbs.db", "desktop.ini", "icon\r"),
    *("__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache", ".ruff_cache"),
    *(".git", ".venv", "venv", ".idea", ".vscode"),
}
_COMPILED = (".pyc", ".pyo", ".so", ".pyd")  # Python imports them, and no rule can read them
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(1, 10)),
}
_HIDDEN = ("Cc", "Cs", "Zl", "Zp")  # Unicode categories: controls, bytes that are not UTF-8, line ends
_BIDIRECTIONAL = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they make a name look like another one
_DRIVE = re.compile(r"[A-Za-z]:")


def shown(text: str) -> str:
    """A hostile name as it may stand in a message: printable, on one line, of bounded length."""
    line = "".join(char if char.isprintable() else "?" for char in text[: MAX_SHOWN + 1])
    return line if len(text) <= MAX_SHOWN else line[: MAX_SHOWN - 1] + "…"


def base_name(upload: str) -> str:
    """What a browser or a shell calls an upload, without folders, as it may be shown."""
    return shown(re.split(r"[/\\]", upload)[-1]) or "upload"


def left_out(raw: str) -> str | None:
    """The part of `raw` because of which it is no part of a homework, None if it is one."""
    for part in raw.split("/"):
        name = part.casefold()
        if name in _LEFT_OUT or name.startswith("._") or name.endswith(_COMPILED):
            return part
    return None


def clean(raw: str, where: str) -> str:
    """`raw` as a relative posix path, NFC normalised; "" for the root itself.

    Raises:
        SubmissionError: it could point outside, or is a name that not every system can keep.
            `where` is the archive or folder that it stands in.
    """
    path = "/".join(part for part in unicodedata.normalize("NFC", raw).split("/") if part not in ("", "."))
    reason = _unsafe(raw) or _unusual(path)
    if reason:
        raise SubmissionError(f"{where}: the name `{shown(raw)}` {reason}. Rename it and hand in again.")
    return path


def _unsafe(raw: str) -> str | None:
    if raw.startswith("/") or _DRIVE.match(raw):
        return "is absolute; only names relative to the submission are accepted"
    if "\\" in raw:
        return "contains a backslash; folders are separated by `/` (another zip program does this)"
    if ".." in raw.split("/"):
        return "contains `..`, which points outside the submission"
    hidden = any(unicodedata.category(char) in _HIDDEN for char in raw)
    if hidden or _BIDIRECTIONAL.search(raw):
        return "contains invisible control characters or bytes that are not UTF-8"
    return None


def _unusual(path: str) -> str | None:
    parts = path.split("/")
    if len(path.encode("utf-8", "replace")) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    if len(parts) > MAX_DEPTH:
        return f"lies deeper than {MAX_DEPTH} folders"
    if any(part.split(".")[0].rstrip().casefold() in _RESERVED for part in parts):
        return "is reserved for a device on Windows"
    return None
