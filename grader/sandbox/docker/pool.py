"""Warm containers: each kind of limits has some that are ready, and one that was taken is replaced.

A few threads start all containers. Whoever waits comes first; spares are made while nobody waits, fewer at
once, so that gradings under way keep their share of the machine.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.errors import InfrastructureError, LimitUnavailable
from grader.sandbox.base import Limits, Result

if TYPE_CHECKING:
    from grader.sandbox.docker.container import Container

STARTS_AT_ONCE = max(2, (os.cpu_count() or 1) // 4)  # a start is a second or two of processor time
_SPARES_AT_ONCE = max(1, STARTS_AT_ONCE // 2)
_PATIENCE_SECONDS = 45.0  # of a taker; less than a client waits for its reply
_LOOK_SECONDS = 1.0  # between looks for what is idle, or to be tried again
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # after a start that failed
_END_SECONDS = 40.0  # for the starts under way when the pool closes
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Kind:
    """The containers with the same limits that nobody has taken yet, and those who wait for one."""

    limits: Limits
    last_used: float
    ready: deque[Container] = field(default_factory=deque)
    starting: int = 0
    waiting: set[object] = field(default_factory=set)  # one ticket each; a failure takes all of them
    error: InfrastructureError | None = None
    pause: float = _FIRST_PAUSE
    retry_at: float = 0.0

    @property
    def lacks(self) -> int:
        """How many starts are missing for those who wait."""
        return len(self.waiting) - self.starting - len(self.ready)


class Pool:
    """Hands out containers that nobody used before. Safe to use from several threads.

    start: makes one, which takes seconds; called by several threads at once.
    warm:  ready containers per kind of limits.
    most:  containers at once, ready, in use and getting ready.
    idle_seconds: a kind that nobody asked for so long is given up.
    """

    def __init__(
        self,
        start: Callable[[Limits], Container],
        *,
        warm: int,
        most: int,
        idle_seconds: float,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self._start = start
        self._warm, self._most = warm, max(1, most)
        self._idle_seconds, self._patience = idle_seconds, patience
        self._kinds: dict[Limits, _Kind] = {}
        self._used: set[Container] = set()
        self._changed = threading.Condition()
        self._is_closed = False
        self._starters = [
            threading.Thread(target=self._work, name=f"starter-{number}", daemon=True)
            for number in range(STARTS_AT_ONCE)
        ]
        for thread in self._starters:
            thread.start()

    def take(self, limits: Limits) -> Container:
        """A ready container; the first time with these limits, or when all are in use, it takes a while.

        Raises:
            LimitUnavailable: the engine cannot enforce a limit.
            InfrastructureError: it cannot start one, or too many are in use.
        """
        with self._changed:
            kind = self._kinds.setdefault(limits, _Kind(limits, time.monotonic()))
            ticket = object()
            kind.waiting.add(ticket)
            try:
                container = self._wait_for_one(kind, ticket)
            finally:
                kind.waiting.discard(ticket)
                kind.last_used = time.monotonic()
                self._changed.notify_all()
            self._used.add(container)
            return container

    def _wait_for_one(self, kind: _Kind, ticket: object) -> Container:
        deadline = time.monotonic() + self._patience
        while not self._is_closed:
            while kind.ready:
                container = kind.ready.popleft()
                if container.is_alive:
                    return container
                _log.warning("A warm container has ended by itself.")
                threading.Thread(target=_remove, args=(container,), daemon=True).start()
            if kind.error is not None and ticket not in kind.waiting:
                raise kind.error
            self._changed.notify_all()
            left = deadline - time.monotonic()
            if left <= 0:
                raise InfrastructureError(
                    f"No container was free within {self._patience:.0f} s; {self._most} may run at once. "
                    "Grade less at once, or allow more."
                )
            self._changed.wait(min(left, _LOOK_SECONDS))
        raise InfrastructureError("The container server stops.")

    def end(self, container: Container, *, wait: bool) -> Result:
        """End a container that was taken, and make room for another."""
        try:
            return container.stop(wait=wait)
        finally:
            with self._changed:
                self._used.discard(container)
                self._changed.notify_all()

    def ids(self) -> set[str]:
        """The containers that are known here."""
        with self._changed:
            return {container.id for container in self._all()}

    def counts(self) -> tuple[int, int, int]:
        """How many are ready, getting ready and in use."""
        with self._changed:
            kinds = self._kinds.values()
            return sum(len(kind.ready) for kind in kinds), sum(k.starting for k in kinds), len(self._used)

    def close(self) -> None:
        """Remove every container; whoever waits for one hears that it is over."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        deadline = time.monotonic() + _END_SECONDS
        with self._changed:
            left = list(self._all())
        if left:
            with ThreadPoolExecutor(len(left)) as threads:
                list(threads.map(_remove, left))
        for thread in self._starters:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _all(self) -> list[Container]:
        return [*self._used, *(one for kind in self._kinds.values() for one in kind.ready)]

    # ------------------------------------------------------------ the starters

    def _work(self) -> None:
        while not self._is_closed:
            with self._changed:
                removed, kind = self._give_up_idle(), self._choose()
                if kind is not None:
                    kind.starting += 1
                    removed += self._make_room(kind)
                elif not removed:
                    self._changed.wait(_LOOK_SECONDS)
            for container in removed:
                _remove(container)
            if kind is not None:
                self._start_one(kind)

    def _give_up_idle(self) -> list[Container]:
        """The spares of kinds that nobody uses any more, and containers that ended while they waited."""
        now = time.monotonic()
        removed: list[Container] = []
        for kind in list(self._kinds.values()):
            dead = [one for one in kind.ready if not one.is_alive]
            if now - kind.last_used > self._idle_seconds and not kind.waiting and not kind.starting:
                del self._kinds[kind.limits]
                dead = list(kind.ready)
            for container in dead:
                kind.ready.remove(container)
            removed += dead
        return removed

    def _choose(self) -> _Kind | None:
        """For which kind to start a container now."""
        kinds = list(self._kinds.values())
        lacking = [kind for kind in kinds if kind.lacks > 0 and self._has_room(kind)]
        if lacking:
            return max(lacking, key=lambda kind: kind.lacks)
        if any(kind.waiting for kind in kinds) or sum(kind.starting for kind in kinds) >= _SPARES_AT_ONCE:
            return None
        return min(filter(self._may_have_spare, kinds), key=_spares, default=None)

    def _may_have_spare(self, kind: _Kind) -> bool:
        return _spares(kind) < self._warm and kind.retry_at <= time.monotonic() and self._total() < self._most

    def _total(self) -> int:
        return len(self._used) + sum(map(_spares, self._kinds.values()))

    def _has_room(self, kind: _Kind) -> bool:
        return self._total() < self._most or self._victim(kind) is not None

    def _victim(self, kind: _Kind) -> _Kind | None:
        """Another kind, the one unused for longest, with a spare that can go."""
        others = [
            one for one in self._kinds.values() if one is not kind and len(one.ready) > len(one.waiting)
        ]
        return min(others, key=lambda one: one.last_used, default=None)

    def _make_room(self, kind: _Kind) -> list[Container]:
        victim = self._victim(kind) if self._total() > self._most else None
        return [victim.ready.popleft()] if victim else []

    def _start_one(self, kind: _Kind) -> None:
        try:
            container = self._start(kind.limits)
        except Exception as error:  # a thread that ends starts nothing any more
            self._note_failure(kind, error)
            return
        with self._changed:
            kind.starting -= 1
            kind.pause = _FIRST_PAUSE
            is_late = self._is_closed
            if not is_late:
                kind.ready.append(container)
            self._changed.notify_all()
        if is_late:
            _remove(container)

    def _note_failure(self, kind: _Kind, error: Exception) -> None:
        _log.warning("A container could not be started: %s", error)
        if not isinstance(error, InfrastructureError):
            error = InfrastructureError(f"A container could not be started: {type(error).__name__}: {error}")
        with self._changed:
            kind.starting -= 1
            kind.error = error
            kind.waiting.clear()
            is_final = isinstance(error, LimitUnavailable)
            kind.retry_at = math.inf if is_final else time.monotonic() + kind.pause
            kind.pause = min(2 * kind.pause, _LONGEST_PAUSE)
            self._changed.notify_all()


def _spares(kind: _Kind) -> int:
    return len(kind.ready) + kind.starting


def _remove(container: Container) -> None:
    with suppress(InfrastructureError):  # what is left is found by its label later
        container.stop(wait=True)
