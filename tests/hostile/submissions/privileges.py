"""Raises limits, writes to /proc and control groups, makes itself dumpable, asks for capabilities and core dumps."""

import glob
import os
import resource


def double(x):
    return 2 * x


def attack(number):
    done = []
    if number == 0:
        for name in ("RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_MEMLOCK", "RLIMIT_DATA"):
            kind = getattr(resource, name)
            soft, hard = resource.getrlimit(kind)
            for limits in ((hard, hard + 1), (resource.RLIM_INFINITY,) * 2):
                try:
                    resource.setrlimit(kind, limits)
                    done.append(name)
                except (OSError, ValueError):
                    pass
        return done
    if number == 1:
        values = {"oom_score_adj": "-1000", "uid_map": "0 0 1", "gid_map": "0 0 1", "setgroups": "allow", "coredump_filter": "ff", "mem": "x", "attr/current": "x", "loginuid": "0", "timerslack_ns": "1", "clear_refs": "1", "make-it-fail": "1"}
        for name, value in values.items():
            for path in (f"/proc/self/{name}", f"/proc/1/{name}"):
                try:
                    with open(path, "w") as file:
                        file.write(value)
                    done.append(path)
                except OSError:
                    pass
        for path in [*glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True), *glob.glob("/proc/sys/**", recursive=True)]:
            if os.access(path, os.W_OK):
                done.append(path)
        return done
    status = open("/proc/self/status").read()
    wanted = ("CapEff", "CapPrm", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp:", "Uid")
    return [line.split() for line in status.splitlines() if line.startswith(wanted)], os.uname().nodename


def answer(x):
    os.setresuid(0, 0, 0)
    return 0
