"""The filter, run by a small BPF interpreter of our own: also for the architecture that we are not on."""

import errno
import platform
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.sandbox.local import seccomp, syscall_table

MACHINES = sorted(seccomp.ARCHITECTURES)
DENY = 0x00050000 | errno.EPERM
NO_FAMILY = 0x00050000 | errno.EAFNOSUPPORT
NO_CALL = 0x00050000 | errno.ENOSYS


def verdict(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """What the kernel would do: interprets the encoded bytes, knowing nothing of how they were made."""
    arch = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine] if architecture is None else architecture
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, arch, 0, *(*arguments, *[0] * (6 - len(arguments))))
    code = seccomp.filter_for(machine)
    accumulator = place = 0
    for _ in range(len(code)):
        operation, if_true, if_false, value = struct.unpack_from("<HBBI", code, 8 * place)
        place += 1
        if operation == 0x20:  # ld [k]
            assert value % 4 == 0
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif operation == 0x54:  # and #k
            accumulator &= value
        elif operation == 0x05:  # ja
            place += value
        elif operation == 0x15:  # jeq
            place += if_true if accumulator == value else if_false
        elif operation == 0x35:  # jge
            place += if_true if accumulator >= value else if_false
        elif operation == 0x06:  # ret #k
            return value
        else:
            raise AssertionError(f"unknown instruction {operation:#x}")
    raise AssertionError("the program does not end")


@pytest.mark.parametrize("machine", MACHINES)
def test_size(machine):
    assert 0 < len(seccomp.filter_for(machine)) // 8 <= 4096


@pytest.mark.parametrize("machine", MACHINES)
@given(number=st.one_of(st.integers(0, 600), st.integers(0, 2**32 - 1)), first=st.integers(0, 2**64 - 1))
def test_exactly_the_listed_calls_are_allowed(machine, number, first):
    if number in syscall_table.checked(machine).values():
        return
    wanted = seccomp.ALLOW if number in syscall_table.allowed(machine).values() else DENY
    assert verdict(machine, number, first) == wanted


@pytest.mark.parametrize("machine", MACHINES)
@given(number=st.integers(0, 600), architecture=st.integers(0, 2**32 - 1))
def test_another_architecture_is_killed(machine, number, architecture):
    if architecture != seccomp.ARCHITECTURES[machine]:
        assert verdict(machine, number, architecture=architecture) == seccomp.KILL_PROCESS


@given(number=st.integers(0, 600))
def test_x32_is_refused(number):
    assert verdict("x86_64", number | 0x40000000) == DENY


@pytest.mark.parametrize("machine", MACHINES)
@given(flags=st.integers(0, 2**64 - 1))
def test_clone(machine, flags):
    namespaces = {0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000}
    wanted = DENY if any(flags & flag for flag in namespaces) else seccomp.ALLOW
    assert verdict(machine, syscall_table.checked(machine)["clone"], flags) == wanted


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["socket", "socketpair"])
@given(family=st.one_of(st.integers(0, 50), st.integers(0, 2**32 - 1)))
def test_sockets(machine, name, family):
    wanted = seccomp.ALLOW if family == 1 else NO_FAMILY
    assert verdict(machine, syscall_table.checked(machine)[name], family) == wanted


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "wanted"),
    [
        ("clone3", (0, 0), NO_CALL),
        ("prctl", (15,), seccomp.ALLOW),  # PR_SET_NAME
        ("prctl", (16,), seccomp.ALLOW),
        ("prctl", (1,), seccomp.ALLOW),  # PR_SET_PDEATHSIG
        ("prctl", (0x53564D41,), seccomp.ALLOW),
        ("prctl", (4,), DENY),  # PR_SET_DUMPABLE
        ("prctl", (22,), DENY),  # PR_SET_SECCOMP
        ("prctl", (35,), DENY),  # PR_SET_MM
        ("prctl", (47,), DENY),  # PR_CAP_AMBIENT
        ("ioctl", (0, 0x5401), seccomp.ALLOW),
        ("ioctl", (0, 0x5451), seccomp.ALLOW),
        ("ioctl", (0, 0x5412), DENY),  # TIOCSTI
        ("ioctl", (0x5401, 0), DENY),
        ("prlimit64", (0, 0, 0, 1), seccomp.ALLOW),
        ("prlimit64", (0, 0, 1, 0), DENY),
        ("prlimit64", (0, 0, 1 << 32, 0), DENY),
        ("personality", (0xFFFFFFFF,), seccomp.ALLOW),
        ("personality", (0x0040000,), DENY),  # ADDR_NO_RANDOMIZE
    ],
)
def test_arguments(machine, name, arguments, wanted):
    assert verdict(machine, syscall_table.checked(machine)[name], *arguments) == wanted


@pytest.mark.parametrize("machine", MACHINES)
def test_no_number_is_listed_twice(machine):
    numbers = [*syscall_table.allowed(machine).values(), *syscall_table.checked(machine).values()]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(
    "name", ["execve", "ptrace", "mount", "bpf", "io_uring_setup", "memfd_create", "mknod", "unshare"]
)
def test_names_that_must_never_be_listed(name):
    for machine in MACHINES:
        assert name not in syscall_table.allowed(machine) | syscall_table.checked(machine)


@pytest.mark.skipif(platform.machine() not in MACHINES, reason="an architecture without a filter")
def test_numbers_of_this_machine():
    """Some calls that can be told apart by what they return."""
    import ctypes
    import os

    libc = ctypes.CDLL(None)
    numbers = syscall_table.allowed(platform.machine())
    assert libc.syscall(numbers["getpid"]) == os.getpid()
    assert libc.syscall(numbers["getppid"]) == os.getppid()
    assert libc.syscall(numbers["getuid"]) == os.getuid()
    assert libc.syscall(numbers["getegid"]) == os.getegid()
    assert libc.syscall(numbers["getpgid"], 0) == os.getpgid(0)
    assert libc.syscall(numbers["getsid"], 0) == os.getsid(0)
