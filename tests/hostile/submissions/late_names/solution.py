"""Makes files whose names are traps, links and devices in its working folder, and answers with their paths."""

import os


def double(x):
    return 2 * x


def attempt(function, *arguments):
    try:
        function(*arguments)
        return "done"
    except OSError as error:
        return type(error).__name__


def attack(number):
    if number == 0:
        for name in ("a\nb", "\x1b[2J", "-rf", "*", " ", "\udcff\udcfe", "x" * 255):
            open(name, "w").close()
        return os.listdir(".")
    if number == 1:
        tries = [attempt(os.symlink, "/", "root"), attempt(os.symlink, "COURSE", "course"), attempt(os.symlink, "/proc/1/root", "proc")]
        return tries, os.path.exists("course/test_specs"), sorted(os.listdir("root"))
    folder = os.path.dirname(os.__file__)
    return [
        attempt(os.link, os.path.join(folder, "os.py"), "hard"),
        attempt(os.mknod, "device", 0o600 | 0o020000, os.makedev(1, 1)),
        attempt(os.mkfifo, "fifo"),
        attempt(os.chmod, folder, 0o777),
        attempt(os.chown, "/", 1000, 1000),
        attempt(os.setuid, 0),
        attempt(os.rename, folder, "stolen"),
        attempt(os.mkdir, "/new"),
        attempt(open, os.path.join(folder, "os.py"), "a"),
        attempt(os.truncate, os.path.join(folder, "os.py"), 0),
        attempt(os.chroot, "."),
        attempt(os.setxattr, ".", "user.mark", b"x"),
    ]


def answer(x):
    return os.getcwd()
