"""Takes memory: in its own process, in children, in tmpfs, in tensors, slowly and at once."""

import mmap
import os

import torch


def double(x):
    return 2 * x


def attack(number):
    if number == 0:
        kept = []
        while True:
            kept.append(bytearray(b"x") * (16 << 20))
    if number == 1:
        for _ in range(20):
            if os.fork() == 0:
                kept = bytearray(b"x") * (64 << 20)
                os.pause() if hasattr(os, "pause") else __import__("time").sleep(100)
        os.wait()
        return "a child was killed"
    return float(torch.ones(1 << 29).sum())


def answer(x):
    pages = mmap.mmap(-1, 1 << 40)
    for start in range(0, 1 << 40, 4096):
        pages[start] = 1
