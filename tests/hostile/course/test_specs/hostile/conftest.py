"""The secret is also in a fixture, an object of the session and the environment of this process."""

import os

import pytest

os.environ["KNOWN_TO_THE_EXAMINER"] = "CANARY"


@pytest.fixture
def secret() -> str:
    return "CANARY"
