"""A single sign-on provider that hangs takes a few threads at most, not the whole service."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.accounts import oidc
from api.accounts.oidc import Attempt, Provider
from api.errors import Unavailable


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of something that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken: list[socket.socket] = []
        threading.Thread(target=_take, args=(listener, taken), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        for connection in taken:
            connection.close()


def _take(listener: socket.socket, taken: list[socket.socket]) -> None:
    while True:
        try:
            taken.append(listener.accept()[0])
        except OSError:
            return


def test_who_comes_later_is_told_soon(hanging: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "_TIMEOUT", 2.0)
    monkeypatch.setattr(oidc, "_TURN_SECONDS", 0.2)
    provider = Provider(hanging, "client", "secret")

    def ask(_number: int) -> float:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            provider.authorization_url(Attempt("state", "nonce", "verifier", "https://here/callback"))
        return time.monotonic() - began

    count = 2 * oidc._AT_ONCE
    with ThreadPoolExecutor(count) as threads:
        took = sorted(threads.map(ask, range(count)))
    assert took[oidc._AT_ONCE - 1] < 1.5
    assert took[oidc._AT_ONCE] > 1.5
