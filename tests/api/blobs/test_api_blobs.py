"""The blob store, on a disk and in S3 (moto's server)."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.blobs import BlobStore, MissingBlob

BUCKET = "uploads"
DATA = b"def one_hot(x): ...\n" * 500
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    if request.param == "folder":
        return BlobStore(str(tmp_path / "blobs"))
    endpoint = request.getfixturevalue("s3_endpoint")
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem(skip_instance_cache=True).mkdirs(BUCKET, exist_ok=True)
    return BlobStore(f"s3://{BUCKET}/{tmp_path.name}")


def _put(store: BlobStore, data: bytes = DATA) -> tuple[str, int]:
    with store.receive() as receiving:
        for start in range(0, len(data), 1000):
            receiving.write(data[start : start + 1000])
        return receiving.finish()


def test_what_was_received_comes_back(store: BlobStore, tmp_path: Path) -> None:
    assert not store.exists(DIGEST)
    assert _put(store) == (DIGEST, len(DATA))
    assert store.exists(DIGEST)
    assert store.verify(DIGEST)
    with store.open(DIGEST) as stream:
        assert stream.read() == DATA
    store.fetch(DIGEST, tmp_path / "fetched.py")
    assert (tmp_path / "fetched.py").read_bytes() == DATA


def test_the_same_bytes_twice_are_one_blob(store: BlobStore) -> None:
    assert _put(store) == _put(store)
    store.delete(DIGEST)
    assert not store.exists(DIGEST)
    store.delete(DIGEST)


def test_an_empty_file_is_a_file(store: BlobStore) -> None:
    digest, size = _put(store, b"")
    assert size == 0
    assert store.verify(digest)


def test_what_is_not_there_is_missing(store: BlobStore, tmp_path: Path) -> None:
    for use in (store.open, store.verify, lambda digest: store.fetch(digest, tmp_path / "x")):
        with pytest.raises(MissingBlob):
            use(DIGEST)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_digests_are_names(store: BlobStore, digest: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        store.open(digest)


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))

    def breaks_off() -> None:
        with store.receive() as receiving:
            receiving.write(DATA)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        breaks_off()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_many_at_once(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))
    answers: list[tuple[str, int]] = []
    threads = [threading.Thread(target=lambda: answers.append(_put(store))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [(DIGEST, len(DATA))] * 16
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_damage_is_noticed_and_healed(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))
    _put(store)
    path = next(path for path in tmp_path.rglob(DIGEST))
    path.chmod(0o600)
    path.write_bytes(DATA[:-1])
    assert not store.verify(DIGEST)
    _put(store)
    assert store.verify(DIGEST)


def test_leftovers_are_removed_after_a_day(tmp_path: Path) -> None:
    BlobStore(str(tmp_path))
    old, young = tmp_path / "tmp" / "receiving-old", tmp_path / "tmp" / "receiving-young"
    for path in (old, young):
        path.write_bytes(b"x")
    yesterday = time.time() - 90_000
    os.utime(old, (yesterday, yesterday))
    BlobStore(str(tmp_path))
    assert not old.exists()
    assert young.exists()


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """fsync of the content comes before the rename, and of the folder after it."""
    store = BlobStore(str(tmp_path))
    seen: list[tuple[bool, bool]] = []  # is a folder, has its name
    real = os.fsync

    def watched(descriptor: int) -> None:
        is_folder = os.path.isdir(f"/proc/self/fd/{descriptor}")  # noqa: PTH112
        seen.append((is_folder, store.exists(DIGEST)))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    _put(store)
    assert seen[0] == (False, False)
    assert seen[-1] == (True, True)
