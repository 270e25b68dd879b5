"""Tests of accounts run with an application that has nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import argon2
import pytest
from fastapi import FastAPI
from helpers_accounts import OPENED, accounts_app

from api.accounts import passwords
from api.settings import Settings


@pytest.fixture
def app(service_settings: Settings) -> FastAPI:
    """Accounts, and a route for each dependency."""
    return accounts_app(service_settings)


@pytest.fixture(autouse=True)
def closed_services() -> Iterator[None]:
    """Whatever a test opened is closed after it."""
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes that take no time: these tests sign in hundreds of times."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=128, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    passwords._decoy.cache_clear()
    yield
    passwords._decoy.cache_clear()
