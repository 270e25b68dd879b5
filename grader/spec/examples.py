"""Hypothesis in specs: examples that follow from the recorded seed, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis
import pytest

_MOST_EXAMPLES = 20  # each costs round trips; a spec may ask for more with @settings


def settle() -> None:
    """Make the profile for specs the default: no deadline, no database, and remote fixtures are fine."""
    hypothesis.settings.register_profile(
        "tensorgrade",
        max_examples=_MOST_EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("tensorgrade")


def seed_examples(item: pytest.Item, seed: int) -> None:
    """Let the examples of a property test follow from `seed`."""
    function: Callable[..., None] | None = getattr(item, "obj", None)
    if function is not None and hypothesis.is_hypothesis_test(function):
        hypothesis.seed(seed)(getattr(function, "__func__", function))
