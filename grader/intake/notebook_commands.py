"""Finds the lines of a code cell that only IPython understands: %magics, !shell lines, help?"""

from __future__ import annotations

import re

_PYTHON_BELOW = {"time", "timeit", "capture", "prun", "memit", "mprun"}  # cell magics; others have no Python
_COMMAND = re.compile(
    r"[ \t]*(?:[%!?]"  # at the start of a line
    r"|[A-Za-z_][\w.,\[\] \t]*=[ \t]*(?:!|%(?!=))"  # files = !ls
    r"|[A-Za-z_][\w.]*\?{1,2}[ \t]*(?:#|$))"  # help: name?
)
_CELL_MAGIC = re.compile(r"%%(\w*)")
# What decides whether a line starts a statement: texts over several lines, brackets, comments.
_SIGN = re.compile(r"\"\"\"|'''|\"(?:[^\"\\]|\\.)*+\"?|'(?:[^'\\]|\\.)*+'?|[\[({\])}]|#")
_TO_THE_END = {quote: re.compile(rf"(?:[^\\]|\\.)*?{quote}") for quote in ('"""', "'''")}


class _Scanner:
    """Follows the lines of a cell."""

    def __init__(self) -> None:
        self._quote = ""  # of the text that the next line is in
        self._depth = 0  # of brackets
        self._continues = False  # by a backslash

    def at_statement(self) -> bool:
        """Whether the next line is the start of one."""
        return not (self._quote or self._depth or self._continues)

    def read(self, line: str) -> None:
        """Go over one line."""
        self._continues = line.endswith("\\")
        position = 0
        while position < len(line):
            if self._quote:
                end = _TO_THE_END[self._quote].match(line, position)
                if end is None:
                    return
                self._quote, position = "", end.end()
            sign = _SIGN.search(line, position)
            if sign is None:
                return
            if sign[0] == "#":
                self._continues = False
                return
            position = sign.end()
            if sign[0] in ('"""', "'''"):
                self._quote = sign[0]
            elif sign[0] in "[({":
                self._depth += 1
            elif sign[0] in "])}":
                self._depth = max(0, self._depth - 1)


def without_commands(text: str) -> tuple[str, list[int]]:
    """The cell with `pass` in place of each of its commands, and the numbers of these lines (from 1)."""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    magic = _CELL_MAGIC.match(lines[first].lstrip())
    if magic is not None and magic[1] not in _PYTHON_BELOW:
        return "", list(range(first + 1, len(lines) + 1))
    if magic is not None:
        lines[first] = lines[first].lstrip()
    scanner, found, continues = _Scanner(), [], False
    for index, line in enumerate(lines):
        if continues or (scanner.at_statement() and _COMMAND.match(line)):
            indent = line[: len(line) - len(line.lstrip())]
            found.append(index + 1)
            lines[index] = "" if continues else f"{indent}pass"
            continues = line.endswith("\\")
        else:
            scanner.read(line)
    return "\n".join(lines), found
