"""Keeps the bytes that were uploaded, each named by its SHA-256: on a disk, or in S3 and the like.

with store.receive() as receiving:      # a scratch file that vanishes unless it is finished
    receiving.write(chunk)
    digest, size = receiving.finish()   # from here on it survives a power cut
store.fetch(digest, target)
"""

from __future__ import annotations

from api.blobs.errors import MissingBlob
from api.blobs.receiving import Receiving
from api.blobs.store import BlobStore

__all__ = ["BlobStore", "MissingBlob", "Receiving"]
