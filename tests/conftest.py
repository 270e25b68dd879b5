"""What every test may use: a warm engine, or the reason why this machine cannot have one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from grader.engine import Engine
from grader.errors import InfrastructureError

CI = os.environ.get("CI") == "true"


def unavailable(reason: str) -> None:
    """Skip on a user's machine; fail in CI, where everything has to be there."""
    if CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """An engine over the repository's own assignments."""
    with Engine() as made:
        try:
            made.prepare("vu_dl_a3")
        except InfrastructureError as error:
            unavailable(f"no sandbox here: {error}")
        yield made
