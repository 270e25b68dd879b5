"""From upload to score, and how fast uploads are accepted while workers are busy."""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import httpx2 as httpx
from measurements import Measurements
from processes import Service
from servers import wait_for
from world import World

from api.db.submissions import State

_ONE_BY_ONE = 20
_THREADS = 8
_SECONDS = 10.0
_RATE = 60  # uploads per second, whether or not the ones before were answered
_STEADY_SECONDS = 20
_SENDERS = 32
_WAITING = 2000


def test_upload_to_score(
    service: Service, load_world: World, sample: Path, measured: Measurements, backend: str
) -> None:
    with httpx.Client(base_url=service.url, headers=load_world.token("alice"), timeout=30) as client:
        _until_graded(client, sample)  # the worker gets warm
        seconds = [_until_graded(client, sample) for _ in range(_ONE_BY_ONE)]
    measured.times("upload to score, one by one", backend, seconds)


def test_uploads_while_workers_are_busy(
    service: Service, load_world: World, sample: Path, measured: Measurements, backend: str
) -> None:
    headers = load_world.token("alice")
    with httpx.Client(base_url=service.url, headers=headers, timeout=30) as client:
        _until_graded(client, sample)
    seconds: list[float] = []
    end = time.monotonic() + _SECONDS

    def student() -> None:
        with httpx.Client(base_url=service.url, headers=headers, timeout=30) as client:
            while time.monotonic() < end:
                started = time.monotonic()
                _upload(client, sample)
                seconds.append(time.monotonic() - started)

    threads = [threading.Thread(target=student) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = service.count(State.GRADED)
    measured.times(f"POST, {_THREADS} at once, worker busy", backend, seconds)
    measured.add("POST rate, worker busy", backend, f"{len(seconds) / _SECONDS:.0f}/s accepted")
    measured.add("gradings meanwhile", backend, f"{done / _SECONDS:.1f}/s")


def test_uploads_at_a_steady_rate(
    service: Service, load_world: World, sample: Path, measured: Measurements, backend: str
) -> None:
    headers = load_world.token("alice")
    with httpx.Client(base_url=service.url, headers=headers, timeout=30) as client:
        _until_graded(client, sample)
        with service.frozen_workers():
            _all_at_once(service, headers, sample, [0.0] * _WAITING)
        graded = service.count(State.GRADED)
        wait_for(lambda: service.count(State.GRADED) > graded + 1, 60, "the worker goes on")
    seconds = _all_at_once(
        service, headers, sample, [number / _RATE for number in range(_RATE * _STEADY_SECONDS)]
    )
    assert service.count(State.QUEUED) >= _WAITING
    measured.times(f"POST, {_RATE} each second, {_WAITING} wait", backend, seconds)
    high = sorted(seconds)[int(0.99 * len(seconds))]
    measured.add(f"p99 of POST, {_RATE} each second (bar 200 ms)", backend, f"{1000 * high:.0f} ms")


def _all_at_once(service: Service, headers: dict[str, str], path: Path, moments: list[float]) -> list[float]:
    """Upload at these moments; how long after its moment each was answered.

    With a client that costs next to nothing: it runs on the machine that is measured.
    """
    request = httpx.Request(
        "POST", service.url, headers=headers, files={"file": (path.name, path.read_bytes())}
    )
    body, headers = request.read(), dict(request.headers)
    seconds: list[float] = []
    left, started = iter(moments), time.monotonic()

    def sender() -> None:
        connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
        for moment in left:
            time.sleep(max(0.0, started + moment - time.monotonic()))
            connection.request("POST", "/api/v1/assignments/vu_dl_a3/submissions", body, headers)
            answer = connection.getresponse()
            assert answer.status == 202, answer.read()
            answer.read()
            seconds.append(time.monotonic() - started - moment)
        connection.close()

    threads = [threading.Thread(target=sender) for _ in range(_SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seconds) == len(moments)
    return seconds


def _upload(client: httpx.Client, path: Path) -> str:
    files = {"file": (path.name, path.read_bytes())}
    answer = client.post("/api/v1/assignments/vu_dl_a3/submissions", files=files)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _until_graded(client: httpx.Client, path: Path) -> float:
    started = time.monotonic()
    identifier = _upload(client, path)
    wait_for(lambda: _state(client, identifier) == State.GRADED, 120, "the score")
    return time.monotonic() - started


def _state(client: httpx.Client, identifier: str) -> str:
    return str(client.get(f"/api/v1/submissions/{identifier}").json()["state"])
