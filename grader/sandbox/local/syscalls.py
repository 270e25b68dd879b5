"""The Linux calls that Python 3.11 lacks, through ctypes. Each raises `OSError` where the kernel says no."""

from __future__ import annotations

import ctypes
import os
import platform

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_NEW_ANY = 0x7E020080  # all of them, the time namespace included

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2

MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4

PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
_PR_SET_NAME = 15
PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_SECUREBITS = 23, 24, 28
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4

_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
_MOVE_MOUNT_F_EMPTY_PATH = 4
# Calls added since Linux 5.0 have the same number on every architecture; older ones do not.
_OPEN_TREE, _MOVE_MOUNT, _CLOSE_RANGE, _MOUNT_SETATTR = 428, 429, 436, 442
_OLD = {"x86_64": {"pivot_root": 155, "seccomp": 317}, "aarch64": {"pivot_root": 41, "seccomp": 277}}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class _MountAttributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _checked(what: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _syscall(what: str, number: int, *arguments: object) -> int:
    return _checked(what, int(_libc.syscall(ctypes.c_long(number), *arguments)))


def _old_number(name: str) -> int:
    return _OLD[platform.machine()][name]


def unshare(flags: int) -> None:
    """Move this process (for pid namespaces: its next children) into new namespaces."""
    _checked(f"unshare({flags:#x})", _libc.unshare(ctypes.c_int(flags)))


def setns(descriptor: int, flags: int) -> None:
    """Move this process into the namespace that `descriptor` refers to."""
    _checked(f"setns({flags:#x})", _libc.setns(ctypes.c_int(descriptor), ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """mount(2)."""
    given = [text.encode() if text else None for text in (source, target, kind)]
    data = options.encode() if options else None
    result = _libc.mount(given[0], given[1], given[2], ctypes.c_ulong(flags), data)
    _checked(f"mount {kind or source or 'flags'} on {target}", result)


def detach(target: str) -> None:
    """Lazily unmount what is mounted on `target`."""
    _checked(f"umount {target}", _libc.umount2(target.encode(), MNT_DETACH))


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root folder and put the former one at `old`."""
    _syscall(
        "pivot_root", _old_number("pivot_root"), ctypes.c_char_p(new.encode()), ctypes.c_char_p(old.encode())
    )


def copy_mount(path: str) -> int:
    """A descriptor of a private copy of the mounts at and below `path`, attached nowhere."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE
    return _syscall(
        f"open_tree {path}", _OPEN_TREE, _AT_FDCWD, ctypes.c_char_p(path.encode()), ctypes.c_uint(flags)
    )


def set_mount_flags(descriptor: int, attributes: int) -> None:
    """Add MOUNT_ATTR_* to every mount of a copy."""
    wanted = _MountAttributes(set=attributes)
    flags = ctypes.c_uint(_AT_EMPTY_PATH | _AT_RECURSIVE)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    empty = ctypes.c_char_p(b"")
    _syscall("mount_setattr", _MOUNT_SETATTR, descriptor, empty, flags, ctypes.byref(wanted), size)


def attach_mount(descriptor: int, target: str) -> None:
    """Attach a copy of mounts at `target`."""
    empty, where = ctypes.c_char_p(b""), ctypes.c_char_p(target.encode())
    flags = ctypes.c_uint(_MOVE_MOUNT_F_EMPTY_PATH)
    _syscall(f"move_mount {target}", _MOVE_MOUNT, descriptor, empty, _AT_FDCWD, where, flags)


def prctl(option: int, argument: int = 0, further: int = 0) -> int:
    """prctl(2) with up to two arguments."""
    values = [ctypes.c_ulong(value) for value in (argument, further, 0, 0)]
    return _checked(f"prctl({option})", _libc.prctl(ctypes.c_int(option), *values))


def set_process_name(name: str) -> None:
    """How ps and top call this process: up to 15 bytes."""
    text = ctypes.c_char_p(name.encode())
    _checked("prctl(PR_SET_NAME)", _libc.prctl(ctypes.c_int(_PR_SET_NAME), text, None, None, None))


def set_hostname(name: str) -> None:
    """sethostname(2)."""
    _checked("sethostname", _libc.sethostname(name.encode(), ctypes.c_size_t(len(name))))


def close_from(first: int) -> None:
    """Close every descriptor from `first` on."""
    _syscall("close_range", _CLOSE_RANGE, ctypes.c_uint(first), ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(0))


def drop_capabilities() -> None:
    """Empty the bounding, ambient, inheritable, permitted and effective sets of this thread."""
    for number in range(64):
        try:
            held = prctl(PR_CAPBSET_READ, number)
        except OSError:
            break  # past the last capability that this kernel knows
        if held:
            prctl(PR_CAPBSET_DROP, number)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header, nothing = _CapabilityHeader(version=0x20080522, pid=0), (ctypes.c_uint32 * 6)()
    _checked("capset", _libc.capset(ctypes.byref(header), ctypes.byref(nothing)))


def install_filter(program: bytes) -> None:
    """Install a seccomp filter (8 bytes per instruction) on this thread, for good."""
    wanted = _FilterProgram(length=len(program) // 8, instructions=program)
    mode, flags = ctypes.c_uint(1), ctypes.c_uint(0)
    _syscall("seccomp", _old_number("seccomp"), mode, flags, ctypes.byref(wanted))


def collapse_pages(address: int, length: int) -> None:
    """Replace small pages of this process by huge ones, now (madvise MADV_COLLAPSE)."""
    advice = ctypes.c_int(25)
    _checked("madvise", _libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(length), advice))
