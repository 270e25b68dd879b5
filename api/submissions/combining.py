"""Code and answers may be handed in apart: what an upload does not bring stays as it was handed in last.

A submission is always graded as a whole. So answers alone are joined with the newest files, and files without
an answers.toml with the newest answers, of the same student or group. What counts stays one submission.
"""

from __future__ import annotations

import gzip
import tarfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, lazyload

from api.blobs import BlobStore, MissingBlob, Receiving
from api.db.submissions import Submission
from api.errors import Unavailable
from api.submissions.packing import HandedIn, write_zip
from api.submissions.quota import Student
from grader.assignment import Code
from grader.errors import SubmissionError
from grader.intake.answers import FILE_NAME, find_answers
from grader.intake.collect import Collector
from grader.intake.entry import top_folders
from grader.intake.tars import GZIP_MAGIC, is_tar, read_tar
from grader.intake.zips import read_zip

_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True)
class Whole:
    """What is graded. `note` says what was kept, "" if nothing was."""

    handed: HandedIn
    note: str = ""


@dataclass(frozen=True)
class _Half:
    """The files of one upload."""

    name: str
    files: Mapping[str, bytes]

    @property
    def answers(self) -> str | None:
        """The path of its answers.toml."""
        return find_answers(self.files)

    @property
    def code(self) -> dict[str, bytes]:
        """All files but that."""
        return {path: data for path, data in self.files.items() if path != self.answers}


def newest(
    session: Session, assignment_id: uuid.UUID, student: Student, *, is_test: bool, key: str | None = None
) -> Submission | None:
    """What an upload is joined with: the newest submission of the student or their group.

    With an idempotency key that was used, the submission that it made: sent again, it gives the same bytes.
    """
    made = Submission.idempotency_key == key
    if key is not None and (found := _first(session, made & (Submission.user_id == student.user_id))):
        return found
    place = (Submission.assignment_id == assignment_id) & (Submission.is_test.is_(is_test))
    return _first(session, place & student.theirs())


def joined(handed: HandedIn, earlier: Submission | None, store: BlobStore, code: Code) -> Whole:
    """An upload with what it does not bring from `earlier`. The caller discards what it gets, and gave.

    Raises:
        Unavailable: the earlier file is not in the store.
    """
    if earlier is None:
        return Whole(handed)
    try:
        new = _Half(handed.name, unpacked(handed.name, handed.content.read(), code))
        if new.code and new.answers:
            return Whole(handed)
        old = _Half(earlier.file_name, unpacked(earlier.file_name, _stored(store, earlier), code))
    except SubmissionError:  # the checks that follow say what is wrong with the upload
        return Whole(handed)
    if new.code and old.answers:
        note = "The answers that you handed in before are handed in with it."
        return Whole(_packed(new, old.files[old.answers], store), note)
    if new.answers and old.code:
        note = f"They are handed in with the files that you handed in before ({old.name})."
        return Whole(_packed(old, new.files[new.answers], store), note)
    return Whole(handed)


def unpacked(name: str, data: bytes, code: Code) -> dict[str, bytes]:
    """The files of an upload, as they came: those of an archive, or the lone one under its own name.

    Raises:
        SubmissionError: damaged, or beyond a cap.
    """
    packed = len(data) if data.startswith((*_ZIP_MAGICS, GZIP_MAGIC)) or is_tar(data) else None
    collector = Collector(name, code, packed=packed)
    if data.startswith(_ZIP_MAGICS):
        read_zip(data, collector)
    elif packed is not None:
        read_tar(data, collector)
    else:
        collector.add_file(collector.admit(name) or code.files[0], data)
    return collector.files


def with_answers(files: Mapping[str, bytes], answers: bytes) -> dict[str, bytes]:
    """The files with this answers.toml, in the place of theirs or in their one folder."""
    path = find_answers(files)
    if path is None:
        tops = top_folders(files)
        has_root = any("/" not in one for one in files)
        path = FILE_NAME if has_root else f"{tops[-1]}{FILE_NAME}"
    return {**files, path: answers}


def _packed(half: _Half, answers: bytes, store: BlobStore) -> HandedIn:
    """Their files with the answers, as an archive of the same kind and name: a course may ask for a name."""
    files = with_answers(half.files, answers)
    content = store.receive()
    try:
        name = _write(content, half.name, files)
    except BaseException:
        content.discard()
        raise
    return HandedIn(name, content)


def _write(content: Receiving, name: str, files: Mapping[str, bytes]) -> str:
    """Write the archive; its name."""
    if name.lower().endswith((".tar.gz", ".tgz", ".tar")):
        content.write(_tar(files))
        return name
    write_zip(content, files)
    return name if name.lower().endswith(".zip") else "submission.zip"


def _tar(files: Mapping[str, bytes]) -> bytes:
    """The same files make the same bytes."""
    target = BytesIO()
    with (
        gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path])
            archive.addfile(entry, BytesIO(files[path]))
    return target.getvalue()


def _stored(store: BlobStore, earlier: Submission) -> bytes:
    try:
        with store.open(earlier.blob_digest) as stream:
            return stream.read()
    except MissingBlob as error:
        raise Unavailable(
            "The file that you handed in before is not in the store. An operator has to look.", kind="missing"
        ) from error


def _first(session: Session, condition: ColumnElement[bool]) -> Submission | None:
    query = select(Submission).options(lazyload(Submission.assignment), lazyload(Submission.user))
    return session.scalars(query.where(condition).order_by(Submission.id.desc()).limit(1)).first()
