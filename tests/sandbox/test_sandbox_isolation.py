"""What a sandbox is, sees and may do."""

import errno
import os
import platform
from pathlib import Path

import pytest
from probe import Refused
from probe_backend import make_backend

from grader.errors import InfrastructureError
from grader.sandbox.base import Limits

PROJECT = Path(__file__).resolve().parents[2]
# number on x86_64, number on aarch64
REFUSED_CALLS = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "bpf": (321, 280),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "swapon": (167, 224),
    "reboot": (169, 142),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "sethostname": (170, 161),
    "memfd_create": (319, 279),
    "execve": (59, 221),
    "execveat": (322, 281),
    "mknodat": (259, 33),
    "setuid": (105, 146),
    "setgroups": (116, 159),
    "capset": (126, 91),
    "shmget": (29, 194),
    "mq_open": (240, 180),
    "landlock_create_ruleset": (444, 444),
    "seccomp": (317, 277),
    "fanotify_init": (300, 262),
    "inotify_init1": (294, 26),
    "vmsplice": (278, 75),
    "sync": (162, 81),
}
CALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    value = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(argument) for argument in arguments])
    return ctypes.get_errno() if value < 0 else 0
"""


@pytest.fixture(scope="module")
def probe(backend):
    from probe import Probe

    probe = Probe(backend.start(Limits()))
    probe.run(CALL)
    yield probe
    probe.stop()


def test_user_is_not_root(probe):
    assert probe.run("import os; result = [os.getresuid(), os.getresgid(), os.getgroups()]") == [
        [1000] * 3,
        [1000] * 3,
        [],
    ]


def test_privileges_are_gone_for_good(probe):
    status = dict(
        line.split(":\t", 1) for line in probe.run("result = open('/proc/self/status').read()").splitlines()
    )
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give each sandbox a user of its own")
def test_every_live_sandbox_has_a_user_of_its_own_outside(start):
    source = "result = open('/proc/self/uid_map').read().split()"
    maps = [start().run(source), start().run(source)]
    inside, outside = [words[0] for words in maps], [words[1] for words in maps]
    assert inside == ["1000", "1000"]
    assert len(set(outside)) == 2
    assert all(int(user) >= 61184 for user in outside)


def test_it_is_alone(probe):
    assert probe.run(
        "import os; result = [os.getpid(), [n for n in os.listdir('/proc') if n.isdigit()]]"
    ) == [1, ["1"]]


def test_proc_has_nothing_of_the_machine(probe):
    assert sorted(probe.run("import os; result = os.listdir('/proc')")) == ["1", "self", "thread-self"]


def test_kill_reaches_no_other_sandbox(start):
    one, other = start(), start()
    one.run("import os, signal\ntry: os.kill(-1, signal.SIGKILL)\nexcept ProcessLookupError: pass")
    assert other.run("result = 'alive'") == "alive"


def test_the_project_is_not_there(probe):
    for name in ("test_specs", "reference", "grader", "pyproject.toml", ".git"):
        assert probe.run(f"import os; result = os.path.exists({str(PROJECT / name)!r})") is False
    assert probe.run(f"import sys; result = {str(PROJECT)!r} in sys.path") is False


def test_the_entry_is_not_there(probe):
    assert probe.run(f"import os; result = os.path.exists({__file__!r})") is False


def test_only_known_folders_are_there(probe):
    outside = (
        "etc/shadow",
        "home",
        "root/.bashrc",
        "sys",
        "run",
        "boot",
        "proc/1/root/etc/shadow",
        "bin",
        "usr/bin",
    )
    assert probe.run(f"import os; result = [n for n in {outside!r} if os.path.exists('/' + n)]") == []
    known = {"group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd"}
    assert set(probe.run("import os; result = os.listdir('/etc')")) <= known


def test_the_only_writable_folder_is_its_own(probe):
    writable = probe.run("""
        import os
        result, device = [], os.stat('/').st_dev
        for folder, below, _ in os.walk('/'):
            below[:] = [name for name in below if os.stat(f'{folder}/{name}').st_dev == device]
            if os.access(folder, os.W_OK):
                result.append(folder)
    """)
    assert writable == []
    assert probe.run("import os; result = os.access('/sandbox', os.W_OK)") is True


@pytest.mark.parametrize("folder", ["/", "/usr/lib", "/etc", "/dev", str(Path(os.__file__).parent)])
def test_read_only(probe, folder):
    with pytest.raises(Refused) as caught:
        probe.run(f"open('{folder}/new', 'w')")
    assert caught.value.errno in {errno.EROFS, errno.EACCES}


def test_read_only_although_it_owns_nothing_there(probe):
    """Mounts are read-only by themselves: not only because of who owns the files."""
    mounts = probe.run("result = open('/proc/self/mountinfo').read()").splitlines()
    options = {line.split()[4]: set(line.split()[5].split(",")) for line in mounts}
    writable = {place for place, words in options.items() if "rw" in words}
    assert writable == {
        "/proc",
        "/sandbox",
        *(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")),
    }
    assert all("nosuid" in words for words in options.values())
    assert all("nodev" in words for place, words in options.items() if not place.startswith("/dev/"))
    assert "noexec" in options["/sandbox"]


def test_no_inherited_descriptors(probe):
    names = probe.run("""
        import os
        paths = [f'/proc/self/fd/{name}' for name in os.listdir('/proc/self/fd')]
        result = {path[14:]: os.readlink(path) for path in paths if os.path.lexists(path)}
    """)
    assert {names.pop(name) for name in ("0", "1", "2")} == {"/dev/null"}
    assert [target.partition(":")[0] for target in names.values()] == ["socket"]


def test_clean_environment(probe):
    os.environ["TENSORGRADE_TEST_SECRET"] = "x"  # noqa: S105
    try:
        backend = make_backend()
    finally:
        del os.environ["TENSORGRADE_TEST_SECRET"]
    from probe import Probe

    with backend:
        fresh = Probe(backend.start(Limits()))
        assert fresh.run("import os; result = 'TENSORGRADE_TEST_SECRET' in os.environ") is False
        with pytest.raises(Refused):  # what the fork server was started with
            fresh.run("open('/proc/self/environ')")
        fresh.stop()
    names = set(probe.run("import os; result = list(os.environ)"))
    assert not {name for name in names if "TOKEN" in name or "KEY" in name or "SECRET" in name}
    assert probe.run("import os; result = os.environ['HOME']") == "/sandbox/home"


def test_hostname(probe):
    assert probe.run("import os; result = os.uname().nodename") == "sandbox"


def test_no_network(probe):
    devices = probe.run("result = open('/proc/self/net/dev').read()").splitlines()[2:]
    assert {line.split(":")[0].strip() for line in devices} <= {
        "lo",
        "tunl0",
        "sit0",
        "gre0",
        "gretap0",
        "erspan0",
        "ip6tnl0",
    }
    assert probe.run("result = open('/proc/self/net/route').read()").splitlines()[1:] == []
    assert probe.run("result = open('/proc/self/net/fib_trie').read()").strip() == ""


@pytest.mark.parametrize("family", [2, 10, 16, 17, 38, 40, 1 << 16])
@pytest.mark.parametrize("pair", [False, True])
def test_socket_families(probe, family, pair):
    """INET, INET6, NETLINK, PACKET, ALG, VSOCK and one that does not exist."""
    name = "socketpair" if pair else "socket"
    numbers = {"x86_64": {"socket": 41, "socketpair": 53}, "aarch64": {"socket": 198, "socketpair": 199}}
    assert (
        probe.run(f"result = call({numbers[platform.machine()][name]}, {family}, 1, 0, 0)")
        == errno.EAFNOSUPPORT
    )


def test_unix_sockets_do_not_leave_the_sandbox(start):
    one, other = start(), start()
    one.run(r"import socket; s = socket.socket(socket.AF_UNIX); s.bind('\0name'); s.listen()")
    with pytest.raises(Refused) as caught:
        other.run(r"import socket; socket.socket(socket.AF_UNIX).connect('\0name')")
    assert caught.value.errno == errno.ECONNREFUSED


@pytest.mark.parametrize("name", REFUSED_CALLS)
def test_refused_calls(probe, name):
    number = REFUSED_CALLS[name][0 if platform.machine() == "x86_64" else 1]
    assert probe.run(f"result = call({number}, 0, 0, 0, 0, 0)") == errno.EPERM


def test_new_namespaces_by_clone(probe):
    number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert probe.run(f"result = call({number}, {flag | 17}, 0, 0, 0, 0)") == errno.EPERM


def test_clone3_is_unknown(probe):
    """So that C libraries fall back to clone, whose flags the filter can see."""
    assert probe.run("result = call(435, 0, 0)") == errno.ENOSYS


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 belongs to x86_64")
def test_x32_calls(probe):
    assert probe.run(f"result = call({0x40000000 | 39})") in {errno.EPERM, errno.ENOSYS}


def test_control_of_the_terminal_and_of_the_process(probe):
    ioctl, prctl = {"x86_64": (16, 157), "aarch64": (29, 167)}[platform.machine()]
    assert probe.run(f"result = call({ioctl}, 0, 0x5412, 0)") == errno.EPERM  # TIOCSTI
    assert probe.run(f"result = call({prctl}, 4, 1, 0, 0, 0)") == errno.EPERM  # PR_SET_DUMPABLE
    assert probe.run(f"result = call({prctl}, 24, 0, 0, 0, 0)") == errno.EPERM  # PR_CAPBSET_DROP


def test_programs_cannot_be_run(probe):
    with pytest.raises(Refused) as caught:
        probe.run("import subprocess, sys; subprocess.run([sys.executable, '-c', ''])")
    assert caught.value.type_name in {"PermissionError", "FileNotFoundError"}


def test_a_masked_folder_inside_a_shown_one():
    import sklearn

    folder = Path(sklearn.__file__).parent
    from probe import Probe

    with make_backend(masked=[folder]) as backend:
        probe = Probe(backend.start(Limits()))
        assert probe.run(f"import os; result = os.listdir({str(folder)!r})") == []
        with pytest.raises(Refused):
            probe.run(f"open({str(folder / 'x')!r}, 'w')")
        assert probe.run(f"import os; result = os.path.exists({str(folder.parent / 'torch')!r})") is True
        probe.stop()


def test_a_masked_folder_that_python_needs_is_refused():
    import torch

    with pytest.raises(InfrastructureError, match="hidden"):
        make_backend(masked=[Path(torch.__file__).parents[1]])
