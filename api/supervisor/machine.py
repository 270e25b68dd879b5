"""Whether this machine can grade, found out in a process of its own while the rest is prepared."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from grader.errors import InfrastructureError
from grader.sandbox.doctor import examine


@dataclass(frozen=True)
class Verdict:
    """What was found: a line for people, and whether submissions can be graded."""

    can_grade: bool
    line: str


class Examination:
    """The checks of `tensorgrade doctor`, on their way."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", __name__],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C ends it through us
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # with the sandboxes that it tries
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def verdict(self) -> Verdict:
        """Wait for it. Raises `InfrastructureError` if there is none."""
        text, _ = self._process.communicate()
        try:
            return Verdict(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise InfrastructureError(
                "The machine could not be examined: see `tensorgrade doctor`."
            ) from error


def judge() -> Verdict:
    """Try everything, and say it in a line."""
    checks = examine()
    missing = [one for one in checks if one.required and not one.ok]
    if missing:
        first = missing[0]
        return Verdict(False, f"This machine cannot grade: {first.name}: {first.detail} {first.remedy}")
    also = ", ".join(one.name for one in checks if not one.ok)
    return Verdict(
        True, f"The machine can grade ({len(checks)} checks{f'; without: {also}' if also else ''})."
    )


if __name__ == "__main__":
    print(json.dumps(vars(judge())))
