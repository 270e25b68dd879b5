"""The seccomp profile: current, an allowlist, and denying what it is there for. What it does in a real
container is tested in test_docker_container.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.sandbox.docker import profile
from grader.sandbox.local import syscall_table

ROOT = Path(__file__).parents[2]
FORBIDDEN = [
    "add_key", "bpf", "delete_module", "finit_module", "fsopen", "init_module", "io_uring_enter",
    "io_uring_register", "io_uring_setup", "kcmp", "kexec_load", "keyctl", "memfd_create", "mknod",
    "mount", "move_mount", "name_to_handle_at", "open_by_handle_at", "open_tree", "perf_event_open",
    "pivot_root", "process_vm_readv", "process_vm_writev", "ptrace", "reboot", "request_key", "setns",
    "swapon", "umount2", "unshare", "userfaultfd", "vmsplice",
]  # fmt: skip


def allowed() -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for rule in profile.profile()["syscalls"]:
        if rule["action"] == "SCMP_ACT_ALLOW":
            for name in rule["names"]:
                found.setdefault(name, []).append(rule)
    return found


def test_the_file_is_current():
    text = (ROOT / "docker" / "seccomp.json").read_text()
    assert text == profile.text(), "python -m grader.sandbox.docker.profile > docker/seccomp.json"


def test_it_is_an_allowlist_of_the_same_calls_as_the_local_backend_s():
    found = json.loads(profile.text())
    assert found["defaultAction"] == "SCMP_ACT_ERRNO"
    known = set(syscall_table.allowed("x86_64")) | set(syscall_table.checked("x86_64"))
    assert set(allowed()) - known == {"execve", "seccomp"}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_denied(name):
    assert name not in allowed()


@pytest.mark.parametrize("name", ["clone", "socket", "socketpair", "prctl", "ioctl", "personality"])
def test_allowed_by_its_arguments_only(name):
    assert all(rule.get("args") for rule in allowed()[name])


def test_with_a_gpu_its_driver_may_be_asked_and_nothing_else_is_added():
    plain, with_gpu = (profile.profile(gpu=gpu)["syscalls"] for gpu in (False, True))
    added = [rule for rule in with_gpu if rule not in plain]
    assert {name for rule in added for name in rule["names"]} == {"ioctl"}
    assert [rule for rule in plain if rule not in with_gpu] == []
    values = [(one["op"], one["value"], one.get("valueTwo")) for rule in added for one in rule["args"]]
    assert values == [
        ("SCMP_CMP_LT", 0x100, None),  # unified memory
        ("SCMP_CMP_MASKED_EQ", 0xFF00, 0x4600),  # 'F', the driver
        ("SCMP_CMP_EQ", 0x30000001, None),
        ("SCMP_CMP_EQ", 0x30000002, None),
    ]


def test_only_local_sockets():
    assert [rule["args"] for rule in allowed()["socket"]] == [[{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]]
