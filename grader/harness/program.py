"""Runs a file of the submission as a program of its own, in this process: a sandbox may start no other.

Afterwards everything is as before, as far as the program let it: modules, arguments, import path, folder.
Whoever wants to be sure runs it in a sandbox that does nothing else.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import os
import sys
import threading
import time
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from grader.harness import folder
from grader.harness.failures import Missing
from grader.harness.output import Copy

_FAILED = 1


def run(root: Path, work: str, path: str, args: Sequence[str]) -> tuple[Any, ...]:
    """Run `path` in the folder `work` below `root`, with the exit code and the output that Python would give.

    Returns:
        The exit code, what it printed, seconds, and (path, size) of each file that is new or changed.

    Raises:
        Missing: there is no such file.
        BaseException: whatever the program raises, but for SystemExit.
    """
    place = root / work
    if not (place / path).is_file():
        raise Missing(f"There is no file `{path}` to run.")
    before = folder.scan(root)
    started = time.perf_counter()
    with _only_here(), _as_program(root, place, path, args), Copy.of_stdout() as printed:
        code = _run(place / path)
    seconds = time.perf_counter() - started
    return code, printed.text(), seconds, folder.changes(before, folder.scan(root), work)


def _run(file: Path) -> int:
    """Not by runpy, which changes argv[0] to the whole path."""
    main = types.ModuleType("__main__")
    vars(main).update(__file__=str(file), __builtins__=builtins)
    sys.modules["__main__"] = main
    threads = set(threading.enumerate())
    try:
        exec(compile(file.read_bytes(), str(file), "exec", dont_inherit=True), vars(main))  # noqa: S102 - in the sandbox
    except SystemExit as error:
        return _exit_code(error)
    finally:
        _wait_for(set(threading.enumerate()) - threads)
    return 0


def _wait_for(threads: set[threading.Thread]) -> None:
    """As Python does before it ends."""
    for thread in threads:
        if not thread.daemon:
            thread.join()


@contextlib.contextmanager
def _only_here() -> Iterator[None]:
    """End what the program forked where it comes to the program's end: only one process answers."""
    owner = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != owner:
            os._exit(0)


def _exit_code(error: SystemExit) -> int:
    """As Python ends: nothing is success, a number is itself, anything else is printed and a failure."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return int(error.code) & 0xFF
    print(error.code, file=sys.stderr)
    return _FAILED


@contextlib.contextmanager
def _as_program(root: Path, place: Path, path: str, args: Sequence[str]) -> Iterator[None]:
    """The surroundings of a program that Python starts in the folder `place`."""
    argv, import_path, here = sys.argv, list(sys.path), os.getcwd()  # noqa: PTH109 - must not resolve links
    own, main = _take_modules(root), sys.modules["__main__"]
    sys.argv = [path, *args]
    sys.path.insert(0, str((place / path).parent))
    os.chdir(place)
    _keep_agg()
    try:
        yield
    finally:
        _take_modules(root)
        sys.modules.update(own, __main__=main)
        sys.argv, sys.path[:] = argv, import_path
        with contextlib.suppress(OSError):  # the program removed it
            os.chdir(here)


def _take_modules(root: Path) -> dict[str, types.ModuleType]:
    """Take the submission's own modules out of the list of what is imported."""
    found = {name: module for name, module in list(sys.modules.items()) if _is_below(module, str(root))}
    for name in found:
        sys.modules.pop(name, None)
    return found


def _is_below(module: Any, root: str) -> bool:
    names = vars(module) if isinstance(module, types.ModuleType) else {}
    places = (names.get("__file__"), *list(names.get("__path__") or ())[:1])
    return any(isinstance(place, str) and place.startswith(root) for place in places)


def _keep_agg() -> None:
    """Let `matplotlib.use("TkAgg")` change nothing: there is no screen, and figures can be saved without."""
    os.environ["MPLBACKEND"] = "agg"
    with contextlib.suppress(ImportError):
        matplotlib = importlib.import_module("matplotlib")  # in a real sandbox it is there already
        vars(matplotlib)["use"] = lambda *_args, **_kwargs: None
