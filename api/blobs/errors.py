"""What can go wrong with stored bytes."""

from __future__ import annotations

from grader.errors import InfrastructureError


class MissingBlob(InfrastructureError):
    """Bytes that the database knows of are not in the store."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"The stored file {digest} is missing. Restore it from a backup.")
        self.digest = digest
