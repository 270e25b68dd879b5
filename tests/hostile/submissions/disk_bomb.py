"""Fills the disk, the inodes, the descriptors and the longest path."""

import os


def double(x):
    return 2 * x


def attack(number):
    count = 0
    try:
        if number == 0:
            with open("/sandbox/tmp/big", "wb") as file:
                while True:
                    file.write(b"x" * (1 << 20))
        if number == 1:
            while True:
                open(f"/dev/shm/{count}", "w").close()
                count += 1
        kept = []
        while True:
            kept.append(open("/dev/null"))
    except OSError as error:
        return error.errno, count <= 500


def answer(x):
    while True:
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
