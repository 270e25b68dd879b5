"""`tensorgrade serve` as an operator meets it: real processes, from nothing to a page and back to nothing."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time

import httpx2 as httpx
import pytest
from servers import free_port
from test_api_watch import REPOSITORY, until, watched


class Service:
    """A running `serve`, its output, and a client for it."""

    def __init__(self, folder, *options, **environment):
        self.home = folder / "home"
        self.port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TENSORGRADE_")}
        given = {"TENSORGRADE_HOME": str(self.home), "WATCHED": str(folder)} | environment
        self.log = folder / "log"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api.cli", "serve", "--port", str(self.port), *options],
                env=kept | given,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=30)

    @property
    def output(self):
        return self.log.read_text()

    def ready(self):
        until(lambda: "Ready: " in self.output or self.process.poll() is not None, 90)
        assert self.process.poll() is None, self.output
        return self

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def service(tmp_path):
    """Start services; whatever is left of them is killed after the test."""
    started = []

    def start(*options, **environment):
        started.append(Service(tmp_path, *options, **environment))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        one.client.close()
    for pid in watched(tmp_path):
        os.kill(pid, signal.SIGKILL)


def test_from_nothing_to_ready_and_back(service, tmp_path):
    running = service("--no-worker").ready()
    assert running.client.get("/readyz").status_code == 200
    accounts = tmp_path / "home" / "demo-accounts.txt"
    assert accounts.stat().st_mode & 0o777 == 0o600
    assert running.home.stat().st_mode & 0o777 == 0o700
    email, password = re.search(r"(student@\S+)\s+(\S+)", accounts.read_text()).groups()
    answer = running.client.post("/api/v1/session", json={"email": email, "password": password})
    assert answer.status_code < 300, answer.text
    assert running.stop() == 0
    assert running.output.endswith("Stopped.\n")
    assert "Traceback" not in running.output
    assert watched(tmp_path) == []


def test_the_second_start_shows_no_passwords(service):
    service("--no-worker").ready().stop()
    again = service("--no-worker").ready()
    assert again.output.count("student2@example.edu") == 1
    assert again.output.count("The database is ready (new)") == 1


def test_a_killed_web_application_comes_back_and_nobody_is_refused(service):
    running = service("--no-worker", "--no-demo").ready()
    web = next(pid for pid in watched(running.home.parent) if pid != running.process.pid)
    os.kill(web, signal.SIGKILL)
    until(lambda: "The web has ended (SIGKILL)" in running.output)
    assert running.client.get("/healthz").status_code == 200  # it waited in the socket
    assert running.stop(signal.SIGTERM) == 0


def test_an_open_stream_does_not_hold_up_the_end(service):
    running = service("--no-worker", "--no-demo").ready()
    with socket.create_connection(("127.0.0.1", running.port)) as half_a_request:
        half_a_request.sendall(b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        began = time.monotonic()
        assert running.stop() == 0
    assert time.monotonic() - began < 15


def test_a_second_service_on_the_same_home_is_refused(service):
    running = service("--no-worker", "--no-demo").ready()
    second = service("--no-worker")
    assert second.process.wait(30) == 2
    assert "A service runs on" in second.output
    assert running.client.get("/healthz").status_code == 200


def test_a_taken_port_is_refused(service):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = service("--no-worker", "--port", str(taken.getsockname()[1]))
        assert refused.process.wait(30) == 2
    assert "choose another --port" in refused.output
    assert "Traceback" not in refused.output


def test_a_wrong_setting_is_a_sentence(service):
    refused = service("--no-worker", TENSORGRADE_LEASE_SECONDS="soon")
    assert refused.process.wait(30) == 2
    assert "A setting is wrong. lease_seconds" in refused.output
    assert "Traceback" not in refused.output


@pytest.mark.usefixtures("engine")  # skipped where nothing can be graded
def test_an_upload_is_graded_and_nothing_is_left(service, tmp_path):
    running = service().ready()
    accounts = (tmp_path / "home" / "demo-accounts.txt").read_text()
    email, password = re.search(r"(student@\S+)\s+(\S+)", accounts).groups()
    login = {"email": email, "password": password, "name": "test", "scopes": ["read", "submit"]}
    token = running.client.post("/api/v1/login", json=login).json()["token"]
    running.client.headers["Authorization"] = f"Bearer {token}"
    upload = (REPOSITORY / "reference/vu_dl_a3/solution.py").read_bytes()
    answer = running.client.post(
        "/api/v1/assignments/vu_dl_a3/submissions", files={"file": ("solution.py", upload)}
    )
    assert answer.status_code == 202, answer.text
    where = answer.headers["Location"]
    until(lambda: running.client.get(where).json()["state"] in ("graded", "failed"), 120)
    assert running.client.get(where).json()["state"] == "graded", running.output
    assert running.stop() == 0
    assert watched(tmp_path) == []
