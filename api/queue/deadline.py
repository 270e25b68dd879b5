"""The hours before a due date, made up: when students hand in, and what grading them takes.

The rate of uploads grows exponentially until the due date and then stops: it is e times higher every `rush`
hours. With 6 hours and a rush of 1 hour, 63 % come in the last hour and 22 % in the last quarter of it.
Every student hands in once, as far as there are uploads; the further ones are spread unevenly, so that a
few students hand in many times.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.queue.simulation import Upload

Seconds = Callable[[random.Random], float]  # draws how long a grading takes
_HOUR = 3600.0


@dataclass(frozen=True)
class Deadline:
    """What is handed in."""

    students: int = 300
    submissions: int = 1500
    hours: float = 6.0
    rush: float = 1.0  # hours in which the rate grows e-fold


def constant(seconds: float) -> Seconds:
    """Every grading takes the same time."""
    return lambda _random: seconds


def lognormal(mean: float, spread: float) -> Seconds:
    """Most gradings are short, some long. `spread`: standard deviation of the logarithm; 0 is constant."""
    middle = math.log(mean) - spread**2 / 2
    return lambda random: random.lognormvariate(middle, spread)


def measured(samples: Sequence[float]) -> Seconds:
    """As long as one of those that were measured."""
    return lambda random: random.choice(samples)


def uploads(deadline: Deadline, seconds: Seconds, seed: int) -> list[Upload]:
    """The uploads of one simulated due date, by time."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    times = sorted(_time(deadline, chance.random()) for _ in range(deadline.submissions))
    users = _users(deadline, chance)
    return [Upload(at, user, seconds(chance)) for at, user in zip(times, users, strict=True)]


def _time(deadline: Deadline, share: float) -> float:
    """The moment before which this share of the uploads comes."""
    total, rush = deadline.hours * _HOUR, deadline.rush * _HOUR
    before = math.exp(-total / rush)  # the rate at the beginning, where that at the end is 1
    return max(0.0, total + rush * math.log(before + share * (1.0 - before)))


def _users(deadline: Deadline, chance: random.Random) -> list[int]:
    once = list(range(deadline.students))[: deadline.submissions]
    weights = [chance.expovariate(1.0) for _ in range(deadline.students)]
    further = chance.choices(range(deadline.students), weights, k=deadline.submissions - len(once))
    found = once + further
    chance.shuffle(found)
    return found
