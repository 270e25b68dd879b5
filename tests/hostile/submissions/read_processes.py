"""Reads environments, command lines, maps and files of every process it can see, and asks who they are."""

import glob
import os
import re

SECRET = re.compile(rb"tgc-[0-9a-f]{32}")


def double(x):
    return 2 * x


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""


def attack(number):
    if number == 0:
        names = ("environ", "cmdline", "maps", "mountinfo", "cgroup", "stack", "syscall", "auxv")
        paths = [path for name in names for path in glob.glob(f"/proc/[0-9]*/{name}")]
        paths += glob.glob("/proc/[0-9]*/task/*/environ") + glob.glob("/proc/*/fdinfo/*")
        text = b"".join(read(path) for path in paths)
        return [match.decode() for match in SECRET.findall(text + repr(dict(os.environ)).encode())]
    if number == 1:
        others = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
        return others, os.getpid(), os.getppid()
    seen = []
    for path in ("/proc/kcore", "/proc/kmsg", "/proc/kallsyms", "/proc/sys/kernel/core_pattern", "/sys/fs/cgroup"):
        if os.path.isdir(path) and os.listdir(path) or read(path):
            seen.append(path)
    return seen


def answer(x):
    return os.environ["KNOWN_TO_THE_EXAMINER"]
