"""What the tests of submissions share."""

from __future__ import annotations

import io
import uuid
import zipfile
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient
from world import RIGHT, World

BASE = "/api/v1"


def upload(
    client: TestClient,
    headers: dict[str, str],
    content: bytes = RIGHT,
    name: str = "conv.py",
    assignment: str = "vu_dl_a3",
    key: str | None = None,
) -> Response:
    """Hand in one file."""
    extra = {} if key is None else {"Idempotency-Key": key}
    return client.post(
        f"{BASE}/assignments/{assignment}/submissions",
        files={"file": (name, content)},
        headers=headers | extra,
    )


def upload_many(
    client: TestClient, headers: dict[str, str], files: dict[str, bytes], assignment: str = "vu_dl_a3"
) -> Response:
    """Hand in several files."""
    parts = [("file", (name, content)) for name, content in files.items()]
    return client.post(f"{BASE}/assignments/{assignment}/submissions", files=parts, headers=headers)


def get(client: TestClient, headers: dict[str, str], submission: uuid.UUID | str, what: str = "") -> Any:
    """What the API says of a submission."""
    return client.get(f"{BASE}/submissions/{submission}{what}", headers=headers)


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def set_policy(world: World, assignment: str = "vu_dl_a3", **policy: Any) -> None:
    """Give an assignment a policy."""
    from api.db.models import Assignment

    world.set(Assignment, assignment, policy=policy)
