"""A submission: each function tries one thing. It is sent to the sandbox as text."""

# Written as students write, not as we do.
# ruff: noqa: PTH103, PTH108, PTH118, PTH123, SIM105, S606

import ctypes
import errno
import os
import resource
import signal
import socket
import time

import torch

libc = ctypes.CDLL(None, use_errno=True)


def echo(value):
    return value


def name_of(error):
    return errno.errorcode.get(error.errno, str(error.errno))


def fill(path, keep=False):
    written = 0
    try:
        with open(path, "wb", buffering=0) as file:
            while True:
                written += file.write(bytes(1 << 16))
    except OSError:
        return written
    finally:
        if not keep:
            os.unlink(path)


def make_files(folder):
    os.makedirs(folder, exist_ok=True)
    count = 0
    try:
        while count < 10_000:
            open(f"{folder}/{count}", "w").close()
            count += 1
    except OSError:
        pass
    for number in range(count):
        os.unlink(f"{folder}/{number}")
    return count


def writable():
    found = []
    for folder, folders, _ in os.walk("/", topdown=True):
        folders[:] = [
            name
            for name in folders
            if os.path.join(folder, name) not in {"/proc", "/sandbox", "/dev/shm", "/venv/lib"}
        ]
        try:
            open(os.path.join(folder, "x"), "w").close()
            found.append(folder)
        except OSError:
            pass
    return found


def open_files():
    held = []
    try:
        while True:
            held.append(os.dup(1))
    except OSError:
        return len(held)
    finally:
        for number in held:
            os.close(number)


def fork_many(most):
    children = []
    try:
        for _ in range(most):
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)
            children.append(child)
    except OSError:
        pass
    for child in children:
        os.kill(child, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)
    return len(children)


def threads():
    return torch.get_num_threads()


def interfaces():
    with open("/proc/net/dev") as file:
        names = [line.partition(":")[0].strip() for line in file.readlines()[2:]]
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return " ".join([*names, "refused"])
    return " ".join(names)


def attempt(action):
    try:
        action()
    except OSError as error:
        return name_of(error)
    return "worked"


def reach():
    """The metadata address, a neighbour, the engine."""

    def unix(path):
        socket.socket(socket.AF_UNIX).connect(path)

    return {
        "metadata": attempt(lambda: socket.create_connection(("169.254.169.254", 80), 1)),
        "neighbour": attempt(lambda: socket.create_connection(("172.17.0.1", 80), 1)),
        "engine": attempt(lambda: unix("/var/run/docker.sock")),
        "engine2": attempt(lambda: unix("/run/docker.sock")),
        "containerd": attempt(lambda: unix("/run/containerd/containerd.sock")),
    }


def denied_calls():
    def call(number, *arguments):
        if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(value) for value in arguments]) < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    families = {"vsock": 40, "alg": 38, "packet": 17, "netlink": 16, "inet": 2, "inet6": 10}
    found = {
        name: attempt(lambda family=family: socket.socket(family, socket.SOCK_STREAM))
        for name, family in families.items()
    }
    numbers = {
        "io_uring_setup": (425, 8, 0),
        "keyctl": (250, 0),
        "add_key": (248, 0, 0, 0, 0, 0),
        "bpf": (321, 0, 0, 0),
        "ptrace": (101, 0, 0, 0, 0),
        "userfaultfd": (323, 0),
        "unshare user": (272, 0x10000000),
        "unshare net": (272, 0x40000000),
        "setns": (308, 0, 0),
        "clone newuser": (56, 0x10000011, 0, 0, 0, 0),
        "clone3": (435, 0, 0),
        "mount": (165, 0, 0, 0, 0, 0),
        "perf_event_open": (298, 0, 0, 0, 0, 0),
        "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
        "memfd_create": (319, 0, 0),
        "open_by_handle_at": (304, 0, 0, 0),
        "kexec_load": (246, 0, 0, 0, 0),
        "init_module": (175, 0, 0, 0),
        "reboot": (169, 0, 0, 0, 0),
        "swapon": (167, 0, 0),
        "pidfd_getfd": (438, 0, 0, 0),
        "capset": (126, 0, 0),
        "seccomp": (317, 0, 0, 0),
        "execve": (59, 0, 0, 0),
    }
    return found | {name: attempt(lambda given=given: call(*given)) for name, given in numbers.items()}


def execute(path):
    return attempt(lambda: os.execv(path, [path]))


def status():
    with open("/proc/thread-self/status") as file:
        lines = [line.rstrip("\n").partition(":") for line in file]
    return {name: value.strip() for name, _, value in lines}


def environment(path):
    if path is None:
        return list(os.environ)
    try:
        with open(path, "rb") as file:
            return [line.partition(b"=")[0].decode() for line in file.read().split(b"\0") if line]
    except OSError:
        return None


def find_names(names):
    found = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in {"/proc", "/sys"}]
        if folder.startswith("/venv/lib") and "site-packages/" in folder:
            folders[:] = []
            continue
        found += [os.path.join(folder, name) for name in (*folders, *files) if name in names]
    return found


def raise_limit():
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    except (OSError, ValueError):
        return "refused"
    return "worked"


def flood(number, size):
    written = 0
    while written < size:
        written += os.write(number, bytes(1 << 16))


def spin():
    while True:
        pass


def spin_in_children(count):
    for _ in range(count):
        if os.fork() == 0:
            spin()
    spin()


def sleep_deaf():
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        time.sleep(1)


def eat(mebibytes):
    return len([bytearray(os.urandom(1)) * (1 << 20) for _ in range(mebibytes)])


def print_much(size):
    print("x" * size)


def leave(code):
    os._exit(code)


def crash():
    ctypes.string_at(0)


def bomb():
    while True:
        try:
            os.fork()
        except OSError:
            pass


def channels():
    """Descriptors of pipes: the harness's channel."""
    found = []
    for number in range(3, 64):
        try:
            if (os.fstat(number).st_mode & 0o170000) == 0o010000:
                found.append(number)
        except OSError:
            pass
    return found


def write_all(data):
    for number in channels():
        try:
            os.write(number, data)
        except OSError:
            pass


def forge(data):
    write_all(data)


def write_to(path, data):
    number = os.open(path, os.O_WRONLY)
    os.write(number, data)


def flood_channel():
    while True:
        write_all(bytes(1 << 20))


def close_channel():
    for number in channels():
        os.close(number)
