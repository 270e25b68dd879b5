"""Text from a sandbox, made harmless to show on a terminal, in a log, in JSON or on a page.

Student text may hold escape sequences that repaint a terminal, bidirectional overrides that make a line read
otherwise than it is, or lone surrogates that no encoder accepts. Everything from a sandbox goes
through `clean`. A page still has to escape HTML, and rich its markup.
"""

from __future__ import annotations

import re

CUT = "…"  # the last character of a text that was longer

# Escape sequences. The first two kinds start with ESC and a character, or with one C1 character:
# control sequences (colours, cursor), and strings that run to BEL or ST (window title, hyperlinks).
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x90-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]+[0-~]"
    r"|\x1b[0-~]"
)
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def clean(text: str, limit: int) -> str:
    """`text` without escape sequences and controls (newline and tab stay), at most `limit` characters.

    A longer text ends with an ellipsis. Cleaning a clean text changes nothing.
    """
    window = text[: 8 * limit + 64]  # bounds the work
    cut = len(window) < len(text)
    window = _LINE_ENDS.sub("\n", _ESCAPES.sub("", window))
    window = _SURROGATES.sub("\ufffd", _CONTROLS.sub("", window))
    return window[: limit - 1] + CUT if cut or len(window) > limit else window


def one_line(text: str, limit: int) -> str:
    """`clean` for a name or a table cell: runs of white space become one space."""
    return clean(" ".join(clean(text, 2 * limit).split()), limit)
