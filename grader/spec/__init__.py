"""What authors of specs import: `from grader.spec import close, points, visibility`.

The fixtures (`submission`, `fresh_submission`, `rng`, `reference`, `answers`) come with the pytest
plugin and need no import.
"""

from grader.proxy.remote import Layer, Remote, describe, is_remote, located
from grader.spec.close import close
from grader.spec.marks import gpu, part, points, requires, slow, timeout, visibility

__all__ = [
    "Layer",
    "Remote",
    "close",
    "describe",
    "gpu",
    "is_remote",
    "located",
    "part",
    "points",
    "requires",
    "slow",
    "timeout",
    "visibility",
]
