"""How a command ends that could not do its work: a sentence on stderr and a status, never a traceback."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console

from grader.errors import InfrastructureError, SpecError, UsageError

OK, NOT_AS_DECLARED, USAGE, INFRASTRUCTURE, STOPPED = 0, 1, 2, 3, 130

_DOCTOR = " `tensorgrade doctor` tells what this machine can do."


def fail(status: int, message: str) -> NoReturn:
    """End the program."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(f"tensorgrade: {message}", markup=False)
    raise typer.Exit(status)


class faults:  # noqa: N801 - reads as a statement
    """Ends the program where its body raises one of our exceptions.

    sandboxes: whether the body uses them; then an InfrastructureError points to `tensorgrade doctor`.
    """

    def __init__(self, *, sandboxes: bool = True) -> None:
        self._hint = _DOCTOR if sandboxes else ""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        match error:
            case UsageError():
                fail(USAGE, str(error))
            case SpecError():
                fail(INFRASTRUCTURE, f"The assignment is broken; its author has to mend it. {error}")
            case InfrastructureError():
                fail(INFRASTRUCTURE, f"{error}{'' if 'doctor' in str(error) else self._hint}")
            case KeyboardInterrupt():
                fail(STOPPED, "Stopped.")
