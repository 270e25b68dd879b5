"""What the client does when the network fails: a proxy in between cuts connections as a test tells it to."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2 as httpx
import pytest
from by_hand import Grades, serving
from fastapi import FastAPI
from sqlalchemy import func, select
from world import RIGHT, World

from api.client.credentials import Credentials
from api.client.errors import Refused, ServiceTrouble, SignInNeeded
from api.client.events import Event, parse
from api.client.http import Service
from api.db.submissions import Submission

PAUSES = (0.02,) * 4


class Proxy:
    """Passes bytes on; the next `cuts` answers are cut off after `after` bytes."""

    def __init__(self, target: str) -> None:
        url = httpx.URL(target)
        self._target = (url.host, url.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cuts, self.after, self.connections = 0, 0, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes `accept`
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, socket.create_connection(self._target) as far:
            answers = threading.Thread(target=self._pass, args=(far, near, True), daemon=True)
            answers.start()
            self._pass(near, far, False)
            answers.join()

    def _pass(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(65536):
                if is_answer and self.cuts and passed + len(data) > self.after:
                    self.cuts -= 1
                    target.sendall(data[: self.after - passed])
                    break
                target.sendall(data)
                passed += len(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(app: FastAPI, world: World) -> Iterator[Proxy]:
    with serving(app) as url:
        opened = Proxy(url)
        yield opened
        opened.close()


@pytest.fixture
def service(proxy: Proxy, world: World) -> Iterator[Service]:
    token = world.token("alice")["Authorization"].removeprefix("Bearer ")
    with Service(Credentials(proxy.url, token), pauses=PAUSES) as opened:
        yield opened


@pytest.fixture
def work(tmp_path: Path) -> Path:
    path = tmp_path / "conv.py"
    path.write_bytes(RIGHT)
    return path


def count(world: World) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(Submission)) or 0


@pytest.mark.parametrize("after", [0, 20])
def test_an_answer_that_is_lost_hands_in_once(
    service: Service, proxy: Proxy, world: World, work: Path, after: int
) -> None:
    """The service had accepted it: the second try gets the first one's receipt."""
    proxy.cuts, proxy.after = 2, after
    receipt = service.submit("vu_dl_a3", [work])
    assert proxy.connections == 3
    assert receipt["state"] == "queued"
    assert count(world) == 1


def test_a_network_that_stays_away_is_reported(service: Service, proxy: Proxy, work: Path) -> None:
    proxy.cuts = 100
    with pytest.raises(ServiceTrouble, match="cannot be reached"):
        service.submit("vu_dl_a3", [work])
    assert proxy.connections == 1 + len(PAUSES)


def test_events_go_on_where_they_were_cut_off(
    service: Service, proxy: Proxy, world: World, work: Path
) -> None:
    receipt = service.submit("vu_dl_a3", [work])
    Grades(world, uuid.UUID(receipt["id"])).all_of_it()
    whole = list(service.follow(receipt["id"]))
    with Service(Credentials(proxy.url, service._http.headers["Authorization"][7:]), pauses=PAUSES) as other:
        proxy.cuts, proxy.after = 1, 1500  # in the middle of the tests
        cut = list(other.follow(receipt["id"]))
    assert [event.data for event in cut if event.kind == "test"] == [
        event.data for event in whole if event.kind == "test"
    ]
    assert cut[-1].kind == "end"


def test_problems_come_out_in_the_service_s_words(proxy: Proxy, service: Service) -> None:
    with pytest.raises(Refused, match="no submission"):
        service.submission("nonsense")
    with Service(Credentials(proxy.url, "tg_wrong"), pauses=()) as stranger, pytest.raises(SignInNeeded):
        stranger.me()


def test_an_address_that_is_not_tensorgrade_is_noticed(proxy: Proxy) -> None:
    elsewhere = Credentials(proxy.url + "/static", "tg_x")
    with Service(elsewhere, pauses=()) as lost, pytest.raises((ServiceTrouble, Refused)):
        lost.me()


def test_events_are_read_as_the_standard_says() -> None:
    text = (
        ': heartbeat\n\nid: 1\nevent: test\ndata: {"a":\ndata: 1}\n\nretry: 5\ndata:{"b": 2}\n\ndata: {"cut'
    )
    assert list(parse(text.split("\n"))) == [Event("test", {"a": 1}, "1"), Event("message", {"b": 2}, "1")]
