"""Backup and restore: nothing is lost on the way, also from one kind of database to the other."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from sqlalchemy import select

from api.blobs import BlobStore
from api.db import migrate
from api.db.engine import Database
from api.db.models import AuditEvent, Base, Blob
from api.ops import restore, tables, verify
from api.ops.backup import write_backup
from grader.errors import InfrastructureError, UsageError


@pytest.fixture
def blobs(service_settings):
    return BlobStore(service_settings.blobs)


@pytest.fixture
def full(world, blobs, database):
    """A service with users, submissions with results, and their uploads."""
    for content in (b"import torch\n", b"x" * 300_000):
        with blobs.receive() as receiving:
            receiving.write(content)
            digest, size = receiving.finish()
        with database.write() as session:
            session.add(Blob(digest=digest, size=size))
    with database.read() as session:
        known = set(session.scalars(select(Blob.digest)))
    world.submission("alice")
    with database.write() as session:
        session.add(
            AuditEvent(action="x.y", object_type="x", object_id="1", detail={"name": "Zoë \u2028 \x00"[:5]})
        )
        for digest in set(session.scalars(select(Blob.digest))) - known:
            assert blobs.exists(digest), "the world keeps its uploads"
    return database


@pytest.fixture
def elsewhere(tmp_path):
    """Another service: SQLite, empty."""
    opened = Database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    yield opened, BlobStore(str(tmp_path / "other-blobs"))
    opened.close()


def rows(database):
    with database.engine.connect() as connection:
        return {table.name: list(tables.dump(connection, table)) for table in Base.metadata.sorted_tables}


def test_everything_comes_back_elsewhere(full, blobs, elsewhere, tmp_path):
    target = tmp_path / "backup.tar"
    contents = write_backup(full, blobs, target)
    assert target.stat().st_mode & 0o777 == 0o600
    other, other_blobs = elsewhere
    assert restore.restore(other, other_blobs, target) == contents
    assert rows(other) == rows(full)
    assert list(verify.faults(other, other_blobs)) == []
    assert migrate.is_at_head(other)


def test_from_sqlite_to_either(full, blobs, elsewhere, tmp_path):
    """There and back: `database` is SQLite, then PostgreSQL."""
    first, second = tmp_path / "first.tar", tmp_path / "second.tar"
    write_backup(full, blobs, first)
    other, other_blobs = elsewhere
    restore.restore(other, other_blobs, first)
    write_backup(other, other_blobs, second)
    before = rows(full)
    restore.restore(full, blobs, second, force=True)
    assert rows(full) == before


def test_a_service_in_use_is_not_overwritten(full, blobs, tmp_path):
    target = tmp_path / "backup.tar"
    write_backup(full, blobs, target)
    with pytest.raises(UsageError, match="not empty"):
        restore.restore(full, blobs, target)


def test_an_existing_file_is_not_overwritten(full, blobs, tmp_path):
    target = tmp_path / "backup.tar"
    target.write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        write_backup(full, blobs, target)
    assert target.read_text() == "mine"


def rewritten(source, change):
    """A copy of a tar in which `change(name, data)` decides on each member; None leaves it out."""
    target = source.with_name("changed.tar")
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for entry in old:
            data = change(entry.name, old.extractfile(entry).read())
            if data is not None:
                entry.size = len(data)
                new.addfile(entry, io.BytesIO(data))
    return target


def in_manifest(**changes):
    return lambda name, data: (
        json.dumps(json.loads(data) | changes).encode() if name == "manifest.json" else data
    )


DAMAGE = {
    "a row was changed": lambda name, data: data.replace(b"alice", b"malic"),
    "an upload was changed": lambda name, data: data[:-1] + b"?" if name.startswith("blobs/") else data,
    "an upload is missing": lambda name, data: None if name.startswith("blobs/") else data,
    "a table is missing": lambda name, data: None if name == "tables/users.jsonl" else data,
    "no manifest": lambda name, data: None if name == "manifest.json" else data,
    "another format": in_manifest(format="x"),
    "another revision": in_manifest(revision="0000"),
    "cut off": None,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_changes_nothing(full, blobs, elsewhere, tmp_path, damage):
    target = tmp_path / "backup.tar"
    write_backup(full, blobs, target)
    if damage == "cut off":
        data = target.read_bytes()
        target.write_bytes(data[: len(data) // 2])
    else:
        target = rewritten(target, DAMAGE[damage])
    other, other_blobs = elsewhere
    with pytest.raises(UsageError):
        restore.restore(other, other_blobs, target)
    with other.engine.connect() as connection:
        assert tables.is_empty(connection)
    with pytest.raises(UsageError):
        restore.check(target)


def test_no_backup_at_all(elsewhere, tmp_path):
    (tmp_path / "text").write_text("hello")
    for name in ("text", "missing"):
        with pytest.raises(UsageError, match="cannot be read"):
            restore.check(tmp_path / name)


def test_verify_finds_what_is_wrong(full, blobs, service_settings, tmp_path):
    with full.read() as session:
        digests = sorted(session.scalars(select(Blob.digest)))
    changed, gone = digests[:2]
    blobs.delete(gone)
    stored = next(service_settings.home.rglob(f"*{changed}"))
    stored.chmod(0o600)
    stored.write_bytes(b"other")
    found = " ".join(verify.faults(full, blobs))
    assert f"{gone} is gone" in found
    assert f"{changed} is not what was handed in" in found
    with pytest.raises(InfrastructureError):
        write_backup(full, blobs, tmp_path / "backup.tar")
    assert not list(tmp_path.glob("*backup.tar*"))


def test_rows_written_meanwhile_are_not_half_in_it(full, blobs):
    from api.ops.backup import snapshot

    users = Base.metadata.tables["users"]
    with snapshot(full) as connection:
        before = list(tables.dump(connection, users))
        with full.write() as session:
            session.execute(users.update().values(name="changed"))
        assert list(tables.dump(connection, users)) == before
