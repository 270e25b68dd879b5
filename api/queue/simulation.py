"""A queue of tensorgrade without its database: who waits how long, for any number of places.

The rule of turns is `fairness.rank_behind`, the one that the service uses. A place takes the job whose turn
it is as soon as it is free; a job that has begun is finished. Claiming costs no time here: it is a few
milliseconds in the service, and part of what a measured service time should hold.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from api.queue.fairness import rank_behind


@dataclass(frozen=True)
class Upload:
    """Somebody hands in. Times are in seconds since the beginning."""

    at: float
    user: int
    seconds: float  # that its grading takes


@dataclass(frozen=True)
class Graded:
    """What became of an upload."""

    upload: Upload
    started: float

    @property
    def waited(self) -> float:
        """Seconds until its grading began."""
        return self.started - self.upload.at

    @property
    def finished(self) -> float:
        """When its score was there."""
        return self.started + self.upload.seconds


class FairQueue:
    """Uploads that wait, in the order of `api.queue.fairness`."""

    def __init__(self) -> None:
        self._clock = 0.0
        self._last: dict[int, float] = {}  # rank of each user's last upload
        self._waiting: list[tuple[float, int, Upload]] = []
        self._numbers = itertools.count()  # equal ranks: who came first

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, upload: Upload) -> None:
        """Line up."""
        rank = rank_behind(self._clock, self._last.get(upload.user, 0.0))
        self._last[upload.user] = rank
        heapq.heappush(self._waiting, (rank, next(self._numbers), upload))

    def take(self) -> Upload:
        """The one whose turn it is. There must be one."""
        rank, _, upload = heapq.heappop(self._waiting)
        self._clock = max(self._clock, rank)
        return upload


def simulate(uploads: Iterable[Upload], places: int) -> list[Graded]:
    """Grade all uploads on so many places, in the order in which they begin."""
    queue, graded = FairQueue(), list[Graded]()
    free_at = [0.0] * places  # when each place is free: a heap
    for upload in sorted(uploads, key=lambda one: one.at):
        graded.extend(_begin(queue, free_at, until=upload.at))
        queue.add(upload)
        graded.extend(_begin(queue, free_at, until=upload.at))
    return [*graded, *_begin(queue, free_at, until=math.inf)]


def _begin(queue: FairQueue, free_at: list[float], until: float) -> Iterator[Graded]:
    """Give places that are free by then what waits."""
    while len(queue) and free_at[0] <= until:
        upload = queue.take()
        started = max(free_at[0], upload.at)
        heapq.heapreplace(free_at, started + upload.seconds)
        yield Graded(upload, started)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that this share of the ordered values does not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
