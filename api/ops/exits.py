"""Exit statuses of the service's commands; the engine's mean the same."""

from __future__ import annotations

OK, FAULTS, USAGE, TROUBLE, INTERRUPTED = 0, 1, 2, 3, 130
