"""The system calls that a sandbox may make, with their numbers: `name=x86_64/aarch64`, `-` for none.

What CPython, numpy, CPU torch, a DataLoader with workers and asyncio need, and nothing else. Calls whose
arguments matter (clone, socket, prctl, ioctl, ...) are the `checked` ones; `seccomp.py` holds the conditions.
"""

_ALLOWED = """
# Files. No mount, no mknod, no extended attributes written, no execve.
read=0/63 write=1/64 open=2/- close=3/57 creat=85/- openat=257/56 readv=19/65 writev=20/66 pread64=17/67
pwrite64=18/68 preadv=295/69 pwritev=296/70 preadv2=327/286 pwritev2=328/287 lseek=8/62 access=21/-
faccessat=269/48 faccessat2=439/439 stat=4/- fstat=5/80 lstat=6/- newfstatat=262/79 statx=332/291
statfs=137/43 fstatfs=138/44 getdents=78/- getdents64=217/61 getcwd=79/17 chdir=80/49 fchdir=81/50
mkdir=83/- mkdirat=258/34 rmdir=84/- unlink=87/- unlinkat=263/35 rename=82/- renameat=264/38
renameat2=316/276 link=86/- linkat=265/37 symlink=88/- symlinkat=266/36 readlink=89/- readlinkat=267/78
chmod=90/- fchmod=91/52 fchmodat=268/53 fchmodat2=452/452 chown=92/- fchown=93/55 lchown=94/-
fchownat=260/54 umask=95/166 utime=132/- utimes=235/- utimensat=280/88 futimesat=261/- truncate=76/45
ftruncate=77/46 fallocate=285/47 fsync=74/82 fdatasync=75/83 flock=73/32 fcntl=72/25 dup=32/23 dup2=33/-
dup3=292/24 pipe=22/- pipe2=293/59 fadvise64=221/223 readahead=187/213 sendfile=40/71
copy_file_range=326/285 close_range=436/436 getxattr=191/8 lgetxattr=192/9 fgetxattr=193/10
listxattr=194/11 llistxattr=195/12 flistxattr=196/13
# Waiting for descriptors.
poll=7/- ppoll=271/73 select=23/- pselect6=270/72 epoll_create=213/- epoll_create1=291/20 epoll_ctl=233/21
epoll_wait=232/- epoll_pwait=281/22 epoll_pwait2=441/441 eventfd=284/- eventfd2=290/19
timerfd_create=283/85 timerfd_settime=286/86 timerfd_gettime=287/87
# Sockets that `socket` (checked) let through.
connect=42/203 bind=49/200 listen=50/201 accept=43/202 accept4=288/242 shutdown=48/210 sendto=44/206
recvfrom=45/207 sendmsg=46/211 recvmsg=47/212 sendmmsg=307/269 recvmmsg=299/243 getsockopt=55/209
setsockopt=54/208 getsockname=51/204 getpeername=52/205
# Memory. No memfd_create (not bounded by the tmpfs), no mlock, no mincore (a side channel).
mmap=9/222 munmap=11/215 mremap=25/216 mprotect=10/226 madvise=28/233 brk=12/214 msync=26/227
mbind=237/235 set_mempolicy=238/237 get_mempolicy=239/236 membarrier=324/283
# Processes, threads, scheduling of themselves. Nothing that changes a limit.
fork=57/- vfork=58/- exit=60/93 exit_group=231/94 wait4=61/260 waitid=247/95 kill=62/129 tkill=200/130
tgkill=234/131 getpid=39/172 getppid=110/173 gettid=186/178 getpgrp=111/- getpgid=121/155 setpgid=109/154
getsid=124/156 setsid=112/157 getuid=102/174 geteuid=107/175 getgid=104/176 getegid=108/177
getresuid=118/148 getresgid=120/150 getgroups=115/158 capget=125/90 getpriority=140/141
setpriority=141/140 getrlimit=97/163 getrusage=98/165 times=100/153
set_tid_address=218/96 set_robust_list=273/99 get_robust_list=274/100 rseq=334/293 futex=202/98
futex_waitv=449/449 sched_yield=24/124 sched_getaffinity=204/123 sched_setaffinity=203/122
sched_getparam=143/121 sched_getscheduler=145/120 sched_getattr=315/275 sched_get_priority_max=146/125
sched_get_priority_min=147/126 sched_rr_get_interval=148/127 getcpu=309/168 arch_prctl=158/-
# Signals and timers.
rt_sigaction=13/134 rt_sigprocmask=14/135 rt_sigreturn=15/139 rt_sigpending=127/136 rt_sigsuspend=130/133
rt_sigtimedwait=128/137 sigaltstack=131/132 pause=34/- alarm=37/- getitimer=36/102 setitimer=38/103
restart_syscall=219/128
# Clocks, names, randomness.
time=201/- gettimeofday=96/169 clock_gettime=228/113 clock_getres=229/114 nanosleep=35/101
clock_nanosleep=230/115 uname=63/160 sysinfo=99/179 getrandom=318/278
"""

_CHECKED = (
    "prlimit64=302/261 clone=56/220 clone3=435/435 socket=41/198 socketpair=53/199 prctl=157/167 ioctl=16/29"
    " personality=135/92"
)

_COLUMN = {"x86_64": 0, "aarch64": 1}


def _numbers(text: str, machine: str) -> dict[str, int]:
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    words = (word.partition("=") for line in lines for word in line.split())
    columns = ((name, numbers.split("/")[_COLUMN[machine]]) for name, _, numbers in words)
    return {name: int(number) for name, number in columns if number != "-"}


def allowed(machine: str) -> dict[str, int]:
    """Name -> number of the calls allowed whatever their arguments. `machine` as platform.machine() says."""
    return _numbers(_ALLOWED, machine)


def checked(machine: str) -> dict[str, int]:
    """Name -> number of the calls allowed depending on their arguments."""
    return _numbers(_CHECKED, machine)
