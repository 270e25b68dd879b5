"""Makes every system call that could lead out: mounts, namespaces, tracing, kernel interfaces, modules, devices."""

import ctypes
import errno
import mmap

CALLS = {
    "ptrace": 101, "syslog": 103, "capset": 126, "mknod": 133, "pivot_root": 155, "chroot": 161, "acct": 163, "mount": 165,
    "umount2": 166, "swapon": 167, "reboot": 169, "sethostname": 170, "init_module": 175, "delete_module": 176, "quotactl": 179,
    "lookup_dcookie": 212, "add_key": 248, "request_key": 249, "keyctl": 250, "inotify_init": 253, "migrate_pages": 256,
    "mknodat": 259, "unshare": 272, "vmsplice": 278, "move_pages": 279, "perf_event_open": 298, "fanotify_init": 300,
    "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
    "kcmp": 312, "finit_module": 313, "memfd_create": 319, "kexec_load": 246, "kexec_file_load": 320, "bpf": 321,
    "execve": 59, "execveat": 322, "userfaultfd": 323, "pkey_alloc": 330, "io_uring_setup": 425, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "fsmount": 432, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442,
    "landlock_create_ruleset": 444, "memfd_secret": 447, "shmget": 29, "msgget": 68, "semget": 64, "mq_open": 240,
    "iopl": 172, "ioperm": 173, "modify_ldt": 154, "sched_setscheduler": 144, "setuid": 105, "setgroups": 116,
}  # fmt: skip
REFUSED = (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT)
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def double(x):
    return 2 * x


def allowed(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments))
    return result >= 0 or ctypes.get_errno() not in REFUSED


def attack(number):
    if number == 0:
        return [name for name, call in CALLS.items() if allowed(call, 0, 0, 0, 0, 0)]
    if number == 1:
        namespaces = {"user": 0x10000000, "mount": 0x20000, "net": 0x40000000, "pid": 0x20000000}
        found = [name for name, flag in namespaces.items() if allowed(56, flag | 17, 0, 0, 0, 0)]
        options = {"dumpable": (4, 1), "seccomp": (22, 0), "keepcaps": (8, 1), "mdwe": (65, 1), "ptracer": (0x59616D61, -1)}
        found += [name for name, (option, value) in options.items() if allowed(157, option, value, 0, 0, 0)]
        found += [name for name, command in {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C}.items() if allowed(16, 0, command, 0)]
        return found + [name for name, call in {"x32 getpid": 0x40000027, "x32 ptrace": 0x40000209}.items() if allowed(call)]
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid of 32-bit programs); int 0x80; ret
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()


def answer(x):
    return 0
