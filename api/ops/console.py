"""What the service's commands share: the services, and errors as one sentence with the right exit status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from api.errors import ApiError
from api.ops.exits import INTERRUPTED, TROUBLE, USAGE
from api.settings import Settings
from grader.errors import TensorgradeError, UsageError


def read_settings(**given: Any) -> Settings:
    """The settings, with what was given on the command line (None: not given)."""
    return Settings(**{name: value for name, value in given.items() if value is not None})


@contextmanager
def faults() -> Iterator[None]:
    """Ends the program with a sentence on stderr, never with a traceback, where somebody can mend it."""
    try:
        yield
    except ApiError as error:
        fail(USAGE, error.detail)
    except UsageError as error:
        fail(USAGE, str(error))
    except TensorgradeError as error:
        fail(TROUBLE, str(error))
    except ValidationError as error:
        listed = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        fail(USAGE, f"A setting is wrong. {listed}")
    except KeyboardInterrupt:
        fail(INTERRUPTED, "Stopped.")


def fail(status: int, message: str) -> NoReturn:
    """Say it, and end with this status."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(f"tensorgrade: {message}", markup=False)
    raise typer.Exit(status)
