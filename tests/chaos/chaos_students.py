"""Students who upload, and upload again until the service says that it has it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
from servers import wait_for

_BOUNDARY = "chaos-boundary"
_THREADS = 4


@dataclass
class Upload:
    """One upload: its file, and the submission that the service acknowledged it as."""

    number: int
    path: Path
    submission: str = ""
    tries: int = 0

    @property
    def key(self) -> str:
        """The same in every try."""
        return f"chaos-{self.number}"


@dataclass
class Students:
    """Upload in the background. `uploads` has all that were begun."""

    url: str
    assignment: str
    headers: list[dict[str, str]]  # one per student
    files: list[Path]
    uploads: list[Upload] = field(default_factory=list)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_THREADS))

    def __post_init__(self) -> None:
        self._numbers = itertools.count()

    def burst(self, count: int) -> list[Future[None]]:
        """Begin so many uploads."""
        return [self._pool.submit(self._until_acknowledged, self._next()) for _ in range(count)]

    def interrupted(self, half_way: threading.Event, go_on: threading.Event) -> Future[None]:
        """Begin one that stops half way, says so, and goes on when told to."""
        return self._pool.submit(self._until_acknowledged, self._next(), half_way, go_on)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _next(self) -> Upload:
        number = next(self._numbers)
        upload = Upload(number, self.files[number % len(self.files)])
        self.uploads.append(upload)
        return upload

    def _until_acknowledged(
        self, upload: Upload, half_way: threading.Event | None = None, go_on: threading.Event | None = None
    ) -> None:
        def try_once() -> bool:
            upload.tries += 1
            first = upload.tries == 1
            try:
                answer = self._post(upload, half_way if first else None, go_on if first else None)
            except httpx.TransportError:
                return False
            if answer.status_code >= 500:
                return False
            assert answer.status_code in (200, 202), answer.text
            upload.submission = answer.json()["id"]
            return True

        wait_for(try_once, 120, f"upload {upload.number} is acknowledged")

    def _post(
        self, upload: Upload, half_way: threading.Event | None, go_on: threading.Event | None
    ) -> httpx.Response:
        body = _multipart(upload.path)
        return httpx.post(
            f"{self.url}/api/v1/assignments/{self.assignment}/submissions",
            content=_pieces(body, half_way, go_on),
            headers={
                **self.headers[upload.number % len(self.headers)],
                "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
                "Content-Length": str(len(body)),
                "Idempotency-Key": upload.key,
            },
            timeout=30,
        )


def _pieces(body: bytes, half_way: threading.Event | None, go_on: threading.Event | None) -> Iterator[bytes]:
    middle = len(body) // 2
    yield body[:middle]
    if half_way is not None and go_on is not None:
        half_way.set()
        go_on.wait(30)
    yield body[middle:]


def _multipart(path: Path) -> bytes:
    disposition = f'Content-Disposition: form-data; name="file"; filename="{path.name}"'
    head = f"--{_BOUNDARY}\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n"
    return head.encode() + path.read_bytes() + f"\r\n--{_BOUNDARY}--\r\n".encode()
