"""The seccomp filter of a sandbox: an allowlist, assembled here into classic BPF.

Everything that is not listed fails with EPERM, so that a program sees an ordinary error. The calls of a
foreign architecture kill the process. The program is a binary search over the numbers, because the kernel
evaluates the whole filter for every number when it is installed.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass
from functools import cache

from grader.sandbox.local import syscall_table

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
_ERRNO = 0x00050000
DENY = _ERRNO | errno.EPERM
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*

_LOAD, _RETURN, _AND = 0x20, 0x06, 0x54
_JUMP, _JUMP_EQUAL, _JUMP_AT_LEAST = 0x05, 0x15, 0x35
_NUMBER_OFFSET, _ARCH_OFFSET, _ARGS_OFFSET = 0, 4, 16

NEW_NAMESPACES = 0x7E020000  # CLONE_NEW*; the time namespace needs clone3
AF_UNIX = 1
ASK_PERSONALITY = 0xFFFFFFFF
# set and get the name, parent-death signal, ask: dumpable, seccomp, bounding set, no_new_privs; name memory
PRCTL = (15, 16, 1, 3, 21, 23, 39, 0x53564D41)
# TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
IOCTL_TYPE, NVIDIA_TYPE = 0xFF00, ord("F") << 8
UVM_NUMBERS = 0x100  # unified memory's are small numbers without a type,
UVM_OTHER = (0x30000001, 0x30000002)  # but for initialize and deinitialize


@dataclass(frozen=True)
class Instruction:
    """One BPF instruction: `if_true` and `if_false` are the numbers of instructions to skip."""

    code: int
    if_true: int
    if_false: int
    value: int

    def encoded(self) -> bytes:
        """As the kernel wants it (struct sock_filter)."""
        return struct.pack("=HBBI", self.code, self.if_true, self.if_false, self.value)


Program = tuple[Instruction, ...]


@cache
def filter_for(machine: str, *, gpu: bool = False) -> bytes:
    """The encoded filter for one of `ARCHITECTURES`; `gpu` adds what NVIDIA's driver is asked with."""
    return b"".join(instruction.encoded() for instruction in program(machine, gpu=gpu))


def program(machine: str, *, gpu: bool = False) -> Program:
    """The filter for one of `ARCHITECTURES`, as instructions."""
    conditions = _conditions() | ({"ioctl": _gpu_ioctl()} if gpu else {})
    actions = {number: _return(ALLOW) for number in syscall_table.allowed(machine).values()}
    actions |= {number: conditions[name] for name, number in syscall_table.checked(machine).items()}
    return (
        _load(_ARCH_OFFSET),
        Instruction(_JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]),
        *_return(KILL_PROCESS),
        _load(_NUMBER_OFFSET),
        *_search(_ranges(actions)),
    )


def _conditions() -> dict[str, Program]:
    return {
        "clone": (
            _argument(0),
            Instruction(_AND, 0, 0, NEW_NAMESPACES),
            Instruction(_JUMP_EQUAL, 0, 1, 0),
            *_return(ALLOW),
            *_return(DENY),
        ),
        "clone3": _return(
            _ERRNO | errno.ENOSYS
        ),  # its flags are behind a pointer; C libraries fall back to clone
        "socket": _argument_in(0, (AF_UNIX,), _ERRNO | errno.EAFNOSUPPORT),
        "socketpair": _argument_in(0, (AF_UNIX,), _ERRNO | errno.EAFNOSUPPORT),
        "prctl": _argument_in(0, PRCTL, DENY),
        "ioctl": _argument_in(1, IOCTL, DENY),
        "prlimit64": _argument_is_null(
            2
        ),  # asking is free; whoever lowers RLIMIT_CPU could fake being killed by us
        "personality": _argument_in(0, (ASK_PERSONALITY,), DENY),
    }


def _gpu_ioctl() -> Program:
    """The usual ones, and those of the driver's devices: of type 'F', and unified memory's plain numbers.

    Descriptors cannot be checked here, but of other devices a sandbox has only null, zero and random.
    """
    return (
        _argument(1),
        Instruction(_JUMP_AT_LEAST, 0, 1, UVM_NUMBERS),
        Instruction(_JUMP, 0, 0, 1),
        *_return(ALLOW),
        Instruction(_AND, 0, 0, IOCTL_TYPE),
        Instruction(_JUMP_EQUAL, 0, 1, NVIDIA_TYPE),
        *_return(ALLOW),
        *_argument_in(1, (*IOCTL, *UVM_OTHER), DENY),
    )


def _load(offset: int) -> Instruction:
    return Instruction(_LOAD, 0, 0, offset)


def _argument(index: int) -> Instruction:
    """Load the low half of an argument; the kernel reads these arguments as 32 bits."""
    return _load(_ARGS_OFFSET + 8 * index)


def _return(action: int) -> Program:
    return (Instruction(_RETURN, 0, 0, action),)


def _argument_is_null(index: int) -> Program:
    """Allow a call whose pointer, a whole 64 bits, is null."""
    return (
        _argument(index),
        Instruction(_JUMP_EQUAL, 0, 2, 0),
        _load(_ARGS_OFFSET + 8 * index + 4),
        Instruction(_JUMP_EQUAL, 1, 0, 0),
        *_return(DENY),
        *_return(ALLOW),
    )


def _argument_in(index: int, values: tuple[int, ...], otherwise: int) -> Program:
    count = len(values)
    tests = [Instruction(_JUMP_EQUAL, count - place, 0, value) for place, value in enumerate(values)]
    return (_argument(index), *tests, *_return(otherwise), *_return(ALLOW))


def _ranges(actions: dict[int, Program]) -> list[tuple[int, Program]]:
    """(first number, program) of each run of numbers that are treated alike, lowest first, without gaps."""
    runs: list[tuple[int, Program]] = [(0, _return(DENY))]
    for number in sorted({*actions, *(number + 1 for number in actions)}):
        treatment = actions.get(number, _return(DENY))
        if treatment != runs[-1][1]:
            runs.append((number, treatment))
    return runs


def _search(runs: list[tuple[int, Program]]) -> Program:
    """A binary search with the system call's number in the accumulator."""
    if len(runs) == 1:
        return runs[0][1]
    middle = len(runs) // 2
    below, above = _search(runs[:middle]), _search(runs[middle:])
    far = Instruction(_JUMP, 0, 0, len(below))  # a conditional jump reaches only 255 instructions
    return (Instruction(_JUMP_AT_LEAST, 0, 1, runs[middle][0]), far, *below, *above)
