"""Who the fork server and its sandboxes are: users, user namespaces and capabilities.

As root (with a range of user ids) each live sandbox has an outside user id of its own. As an ordinary user
the fork server is root of a user namespace, and every sandbox is that user outside. Inside it is always 1000.
"""

from __future__ import annotations

import os
from pathlib import Path

from grader.errors import LimitUnavailable
from grader.sandbox.local import syscalls as sys_

INSIDE = 1000
FIRST_OUTSIDE = 61184  # systemd keeps 61184-65519 for users that exist only while something runs
SLOTS = 4096
REMEDY = (
    "Run as root, or allow user namespaces: `sysctl kernel.unprivileged_userns_clone=1`,"
    " `sysctl user.max_user_namespaces=10000`, and on Ubuntu 23.10 or later"
    " `sysctl kernel.apparmor_restrict_unprivileged_userns=0`. A container must be allowed to make namespaces"
    " (Docker: `--privileged`, or the docker backend instead)."
)


def has_user_range() -> bool:
    """Whether this process is root over the ids that sandboxes get."""
    if os.geteuid() != 0:
        return False
    lines = (line.split() for line in Path("/proc/self/uid_map").read_text().splitlines())
    ranges = [(int(first), int(first) + int(count)) for first, _, count in lines]
    return any(low <= FIRST_OUTSIDE and high >= FIRST_OUTSIDE + SLOTS for low, high in ranges)


def outside_id(slot: int, ranged: bool) -> int:
    """The user and group id of the sandbox in `slot`, as the fork server sees it."""
    return FIRST_OUTSIDE + slot if ranged else 0


def become_namespace_root() -> None:
    """Enter a new user namespace as its root.

    Raises:
        LimitUnavailable: user namespaces are forbidden here.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        sys_.unshare(sys_.CLONE_NEWUSER)
        _map(0, user, group)
    except OSError as error:
        raise LimitUnavailable(f"This user cannot make a user namespace: {error}.", REMEDY) from error


def become_student(outside: int, ranged: bool) -> None:
    """Give up the fork server's identity: user and group id, then a user namespace that maps only those."""
    if ranged:
        os.setgroups([])
        os.setresgid(outside, outside, outside)
        os.setresuid(outside, outside, outside)
        sys_.prctl(sys_.PR_SET_DUMPABLE, 1)  # else /proc/self/uid_map belongs to root
    sys_.unshare(sys_.CLONE_NEWUSER)
    _map(INSIDE, outside, outside)


def drop_privileges() -> None:
    """No capabilities, none to be gained, and no debugging by others of the same user."""
    sys_.drop_capabilities()
    sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
    sys_.prctl(sys_.PR_SET_DUMPABLE, 0)


def _map(inside: int, user: int, group: int) -> None:
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{inside} {user} 1")
    _write("/proc/self/gid_map", f"{inside} {group} 1")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
