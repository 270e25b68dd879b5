"""What happens where a machine lacks something that a test needs."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

CI = os.environ.get("CI") == "true"


def containers_wanted() -> None:
    """Skip what needs a container engine and its images, unless it is asked for: it takes minutes more."""
    if os.environ.get("SANDBOX_TESTS", "local") == "local":
        pytest.skip("in containers: `make images`, then `make test-docker`")


def unavailable(reason: str) -> NoReturn:
    """Skip on a user's machine; fail in CI, where everything has to be there."""
    if CI:
        pytest.fail(reason)
    pytest.skip(reason)
