"""Shows a grading on the terminal while it happens."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from api.client.events import Event


class Live:
    """A line with a bar, on a terminal; silence elsewhere."""

    def __init__(self, console: Console) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("Handed in", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """What has happened."""
        if event.kind == "position":
            self._progress.update(self._task, description=_waiting(event.data))
        elif event.kind == "state":
            words = {"grading": "Testing"}.get(str(event.data.get("state")))
            self._progress.update(self._task, description=words, total=event.data.get("tests_total"))
        elif event.kind == "test":
            test = event.data.get("test", {})
            words = "Training tests" if test.get("slow") else "Testing"
            done, total = event.data.get("done"), event.data.get("total")
            self._progress.update(self._task, description=words, completed=done, total=total)


def _waiting(place: dict[str, Any]) -> str:
    before = int(place.get("position") or 1) - 1
    seconds = place.get("estimate_seconds")
    about = f", about {seconds:.0f} s" if seconds else ""
    return f"Waiting, {before} before you{about}" if before else f"Waiting, you are next{about}"
