"""What runs in a container: `python -m grader.sandbox.docker.inside --threads N --output-bytes N`.

It imports torch, gives up what is left to give up, says `READY` on standard output, and serves one examiner
over standard input and output. The engine has done the rest before: user, limits, network, file system.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gc
import os
import platform
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, cast

from grader.sandbox.docker.ready import READY

if TYPE_CHECKING:
    import socket

_PIPE_BYTES = 1 << 20  # as much as an ordinary user may ask for: large tensors take fewer turns
_F_SETPIPE_SZ = 1031
_FAILED_EXIT_CODE = 70
_FIRST_FREE = 3  # the channel's two descriptors come right after the standard ones, as in a local sandbox


class Pipes:
    """Standard input and output in the shape of a connected socket, as far as the harness needs it."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing

    def fileno(self) -> int:
        """What to wait for when reading."""
        return self._reading

    def settimeout(self, seconds: float | None) -> None:
        """Only the examiner has deadlines."""
        if seconds is not None:
            raise ValueError("The harness waits for as long as it takes.")

    def recv_into(self, view: memoryview) -> int:
        """Read what is there, at least one byte; 0 at the end."""
        return os.readv(self._reading, [view])

    def send(self, data: bytes, _flags: int = 0) -> int:
        """Write as much as goes."""
        return os.write(self._writing, data)

    def sendmsg(self, pieces: Sequence[bytes], _ancillary: Sequence[object] = (), _flags: int = 0) -> int:
        """Write as much of several pieces as goes."""
        return os.writev(self._writing, pieces)

    def close(self) -> None:
        """Close both."""
        os.close(self._reading)
        os.close(self._writing)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Get ready, serve, and end the process whatever happens."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--output-bytes", type=int, required=True)
    parser.add_argument("--gpu-memory-share", type=float, help="of the GPUs that it has; without it has none")
    given = parser.parse_args(arguments)
    code = _FAILED_EXIT_CODE
    try:
        pipes = _take_pipes()
        hung_up = _prepare(given.gpu_memory_share)
        _say_ready(pipes)
        _serve(pipes, given.threads, given.output_bytes)
        code = hung_up
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        with contextlib.suppress(OSError):  # before it is ready the engine's stream shows why; later nobody
            os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _take_pipes() -> Pipes:
    """Move the channel away from the standard descriptors; those are /dev/null for the submission."""
    reading, writing = (fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for number in (0, 1))
    _point_at_null(0, 1)
    for number in (reading, writing):
        with contextlib.suppress(OSError):  # not a pipe, or too many of them: slower, no more
            fcntl.fcntl(number, _F_SETPIPE_SZ, _PIPE_BYTES)
    return Pipes(reading, writing)


def _point_at_null(*numbers: int) -> None:
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    for number in numbers:
        os.dup2(null, number)
    os.close(null)


def _prepare(gpu_memory_share: float | None) -> int:
    """Import, rehearse, confine; the exit code of a harness that was hung up on."""
    gc.disable()  # imports make no garbage worth looking for
    from grader.sandbox.gpu import inside as gpu_inside
    from grader.sandbox.local import filesystem, preload, seccomp, spawn
    from grader.sandbox.local import syscalls as sys_

    os.umask(0o077)
    filesystem.make_folders()
    preload.preload()
    preload.preload_with_files()
    preload.silence_resource_tracker()
    from grader.sandbox.local import rehearsal

    rehearsal.rehearse(rounds=2)  # one thread, as `rehearse` says: forks of the submission stay safe
    filesystem.empty_folders()
    gc.collect()
    gc.freeze()
    gc.enable()
    if gpu_memory_share is not None:  # here, not in the child of a warm process: this container is single-use
        gpu_inside.prepare(memory_share=gpu_memory_share)
    sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
    sys_.prctl(sys_.PR_SET_DUMPABLE, 0)
    sys_.install_filter(seccomp.filter_for(platform.machine(), gpu=gpu_memory_share is not None))
    return spawn.HUNG_UP_EXIT_CODE


def _say_ready(pipes: Pipes) -> None:
    _point_at_null(2)
    pipes.send(READY)


def _serve(pipes: Pipes, threads: int, output_bytes: int) -> None:
    from grader.harness.main import serve

    serve(cast("socket.socket", pipes), threads=threads, output_bytes=output_bytes)


if __name__ == "__main__":
    main()
