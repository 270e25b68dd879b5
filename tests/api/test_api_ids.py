"""Identifiers: pages of lists, and the order of what happened, rely on their order."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from api.db.base import new_id


def test_they_grow() -> None:
    made = [new_id() for _ in range(5000)]
    assert made == sorted(made)


def test_they_are_unique_among_threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: new_id(), range(5000)))
    assert len(set(made)) == len(made)


def test_they_are_version_7_and_tell_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert before <= made.int >> 80 <= after
