"""Talks to the service. What goes wrong comes out as a `ClientError` with the service's own sentence."""

from __future__ import annotations

import platform
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2 as httpx

from api.client import events
from api.client.credentials import Credentials
from api.client.errors import ClientError, Refused, ServiceTrouble, SignInNeeded
from grader.version import __version__

_API = "/api/v1"
_TIMEOUT = httpx.Timeout(30.0, connect=10.0, write=120.0)
_LISTEN_TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # a heartbeat comes every 10 s
_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before each further try
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_LONGEST_PAUSE = 60.0
FINAL = frozenset({"graded", "failed", "superseded"})

Json = dict[str, Any]


class Service:
    """One service, as one user."""

    def __init__(self, credentials: Credentials, *, pauses: Sequence[float] = _PAUSES) -> None:
        self.url = credentials.url
        self._pauses = pauses
        headers = {"User-Agent": f"tensorgrade/{__version__}", "Accept": "application/json"}
        if credentials.token:
            headers["Authorization"] = f"Bearer {credentials.token}"
        self._http = httpx.Client(base_url=self.url + _API, headers=headers, timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def log_in(self, email: str, password: str) -> str:
        """A new token for this machine."""
        name = f"command line on {platform.node() or 'a computer'}"[:100]
        body = {"email": email, "password": password, "name": name, "scopes": ["read", "submit"]}
        return str(self._call(lambda: self._http.post("/login", json=body)).json()["token"])

    def me(self) -> Json:
        """Who one is."""
        return self._json("/me")

    def log_out(self) -> None:
        """Revoke the token that this is."""
        own = self._http.headers["Authorization"].removeprefix("Bearer ")
        for token in self._json("/tokens")["items"]:
            if own.startswith(token["prefix"]):
                self._call(partial(self._http.delete, f"/tokens/{token['id']}"))

    def submit(self, assignment: str, files: Sequence[Path]) -> Json:
        """Hand in. Tried again when the network fails: the key makes sure that it is handed in once."""
        key = {"Idempotency-Key": str(uuid.uuid4())}

        def send() -> httpx.Response:
            with ExitStack() as stack:
                parts = [("file", (path.name, stack.enter_context(path.open("rb")))) for path in files]
                return self._http.post(
                    f"/assignments/{_part(assignment)}/submissions", files=parts, headers=key
                )

        answer: Json = self._call(send).json()
        return answer

    def submission(self, identifier: str) -> Json:
        """Where a submission is, and its result."""
        return self._json(f"/submissions/{_part(identifier)}")

    def courses(self) -> list[Json]:
        """One's courses."""
        return list(self._json("/courses?limit=200")["items"])

    def assignments(self, course: str) -> list[Json]:
        """The assignments of a course."""
        return list(self._json(f"/courses/{_part(course)}/assignments")["items"])

    def submissions(self, assignment: str, limit: int = 1) -> list[Json]:
        """One's own submissions, the newest first."""
        query = f"limit={limit}&user={self._json('/me')['id']}"
        return list(self._json(f"/assignments/{_part(assignment)}/submissions?{query}")["items"])

    def follow(self, identifier: str) -> Iterator[events.Event]:
        """What happens to a submission, until it has its final state. Connects again when it is cut off."""
        last, failures = "", 0
        while True:
            try:
                for event in self._listen(identifier, last):
                    last, failures = event.id, 0
                    yield event
                    if event.kind == "end":
                        return
            except httpx.TransportError as error:
                failures += 1
                if failures > len(self._pauses):
                    raise self._unreachable(error) from error
                time.sleep(self._pauses[failures - 1])
            else:
                if self.submission(identifier)["state"] in FINAL:
                    return
                time.sleep(self._pauses[0])

    def _listen(self, identifier: str, last: str) -> Iterator[events.Event]:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
        address = f"/submissions/{_part(identifier)}/events"
        with self._http.stream("GET", address, headers=headers, timeout=_LISTEN_TIMEOUT) as answer:
            if answer.status_code >= 400:
                answer.read()
                raise _error(answer)
            yield from events.parse(answer.iter_lines())

    def _json(self, path: str) -> Json:
        answer: Json = self._call(lambda: self._http.get(path)).json()
        return answer

    def _call(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send it, and again after what passes by itself."""
        for pause in (*self._pauses, None):
            try:
                answer = send()
            except httpx.TransportError as error:
                if pause is None:
                    raise self._unreachable(error) from error
                time.sleep(pause)
                continue
            if answer.status_code < 300:
                return answer
            if answer.status_code not in _TRY_AGAIN or pause is None:
                raise _error(answer)
            time.sleep(_asked_for(answer, pause))
        raise AssertionError("unreachable")

    def _unreachable(self, error: Exception) -> ServiceTrouble:
        return ServiceTrouble(f"{self.url} cannot be reached ({error}). Check the address and the network.")


def _part(text: str) -> str:
    """As one part of an address."""
    return quote(text, safe="")


def _asked_for(answer: httpx.Response, pause: float) -> float:
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE) if asked.isdigit() else pause


def _error(answer: httpx.Response) -> ClientError:
    """The service's own sentence."""
    try:
        problem = answer.json()
        sentence, kind = str(problem["detail"]), str(problem.get("type", ""))
    except (ValueError, KeyError, TypeError):
        sentence, kind = (
            f"It answered {answer.status_code}, which is not tensorgrade's way. Is the address right?",
            "",
        )
        return ServiceTrouble(sentence)
    if answer.status_code == 401 and not kind.endswith("wrong-credentials"):
        return SignInNeeded(f"{sentence} Run: tensorgrade login")
    return (ServiceTrouble if answer.status_code >= 500 else Refused)(sentence)
