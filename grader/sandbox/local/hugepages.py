"""Makes forks cheap: puts this process's heap into huge pages.

Most of a fork's cost, and of the end of a child, is one page table entry for each 4 KiB of the heap: 55 000
after importing torch. In huge pages the same heap takes about a hundred entries. A child that writes splits
only the huge page it touches, and copies only the small page.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from grader.sandbox.local import syscalls as sys_

_HUGE = 2 * 1024**2


def collapse_heap() -> None:
    """Collapse all anonymous memory, if the kernel (6.1 or later) can: a matter of speed only."""
    for start, end in _anonymous(Path("/proc/self/maps").read_text()):
        for address in range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE):
            with contextlib.suppress(OSError):
                sys_.collapse_pages(address, _HUGE)


def _anonymous(maps: str) -> list[tuple[int, int]]:
    """(start, end) of the writable private memory that belongs to no file."""
    found = []
    for line in maps.splitlines():
        words = line.split()
        name = words[5] if len(words) > 5 else ""
        if words[1] == "rw-p" and name in {"", "[heap]"}:
            start, _, end = words[0].partition("-")
            found.append((int(start, 16), int(end, 16)))
    return found
