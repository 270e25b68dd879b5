"""Reads every file it can find for the secret: the course by its path, the grader's code, homes, caches, /proc."""

import os
import re
import time

SECRET = re.compile(rb"tgc-[0-9a-f]{32}")
ROOTS = ["COURSE", "PROJECT", "/home", "/root", "/tmp", "/var", "/etc", "/opt", "/srv", "/mnt", "/run", "/sandbox", "/dev/shm"]


def double(x):
    return 2 * x


def files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in ("site-packages", "proc", "sys")]
        yield from (os.path.join(folder, name) for name in names)


def search(paths):
    found, end = [], time.monotonic() + 0.7
    for path in paths:
        if time.monotonic() > end:
            break
        try:
            with open(path, "rb") as file:
                if SECRET.search(file.read(1 << 20)):
                    found.append(path)
        except OSError:
            pass
    return found


def attack(number):
    if number == 0:
        return search(path for root in ROOTS for path in files(root))
    if number == 1:
        above = ["../" * n + "test_specs/hostile/test_course.py" for n in range(9)]
        return search([*above, "/proc/1/root/COURSE/reference/hostile/solution.py", "/proc/self/cwd/../../test_course.py"])
    return [os.path.exists(path) for path in ("COURSE", "PROJECT/test_specs", "PROJECT/grader", "PROJECT/tests")]


def answer(x):
    return open("COURSE/reference/hostile/solution.py").read()
