"""From an upload or a path to a `Submission`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.assignment import AssignmentConfig, Code
from grader.errors import SubmissionError, UsageError
from grader.intake.answers import FILE_NAME, MAX_BYTES, find_answers, parse_answers
from grader.intake.collect import Collector, megabytes
from grader.intake.disk import read_folder, read_regular
from grader.intake.entry import choose_entry
from grader.intake.looks import looks_like, remedy
from grader.intake.model import Submission
from grader.intake.paths import base_name, clean, left_out, shown
from grader.intake.tars import GZIP_MAGIC, is_tar, read_tar
from grader.intake.text import check_is_source, check_not_empty, decode
from grader.intake.zips import read_zip

_ARCHIVES = (".zip", ".tar", ".tgz", ".gz")
_ACCEPTED = "Accepted are a .py file, a .zip and a .tar.gz."


@dataclass
class _Upload:
    """What was handed in, before it is checked."""

    name: str
    files: dict[str, bytes]
    notes: list[str]
    alone: bool = False  # one .py file and not an archive or folder


def read(path: Path, config: AssignmentConfig) -> Submission:
    """Take in a file or folder on disk. An answers.toml beside a lone .py file belongs to it.

    Raises:
        SubmissionError: it cannot be graded; the message says what to change.
        UsageError: there is nothing at `path`, or it cannot be read.
    """
    if path.is_dir():
        collector = Collector(base_name(path.resolve().name), config.code)
        read_folder(path.resolve(), collector)
        return _submission(_Upload(collector.where, collector.files, collector.notes()), config)
    if not path.is_file():
        raise UsageError(f"There is no file or folder {path}.")
    upload = _unpack(path.name, read_regular(path.resolve(), config.code.max_bytes + 1), config.code)
    beside = path.with_name(FILE_NAME)
    if upload.alone and config.answers and beside.is_file() and not beside.is_symlink():
        upload.files[FILE_NAME] = read_regular(beside, MAX_BYTES + 1)
    return _submission(upload, config)


def read_bytes(name: str, data: bytes, config: AssignmentConfig) -> Submission:
    """Take in an upload called `name`. The name is data: only its ending counts.

    Raises:
        SubmissionError: it cannot be graded; the message says what to change.
    """
    return _submission(_unpack(name, data, config.code), config)


def _unpack(name: str, data: bytes, code: Code) -> _Upload:
    where = base_name(name)
    if len(data) > code.max_bytes:
        raise SubmissionError(
            f"{where} is bigger than {megabytes(code.max_bytes)}. "
            "Leave out data sets, checkpoints and virtual environments."
        )
    if name.lower().endswith(".py"):
        return _Upload(where, {_key(where, code): data}, [], alone=True)
    if name.lower().endswith(_ARCHIVES):
        return _archive(where, data, code)
    what = looks_like(data)
    looks = f" It looks like {what}. {remedy(what)}" if what else ""
    raise SubmissionError(f"{where} is of a kind that is not accepted. {_ACCEPTED}{looks}")


def _key(where: str, code: Code) -> str:
    """The path that a lone file is kept under: its own name where that is a possible one."""
    try:
        return code.files[0] if left_out(where) else clean(where, where)
    except SubmissionError:
        return code.files[0]


def _archive(where: str, data: bytes, code: Code) -> _Upload:
    """Unpack by content: browsers and mail programs change endings, and unpack .gz without saying so."""
    collector = Collector(where, code, packed=len(data))
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        read_zip(data, collector)
    elif data.startswith(GZIP_MAGIC) or is_tar(data):
        read_tar(data, collector)
    else:
        what = looks_like(data) or "neither a zip nor a tar file, or a damaged one"
        raise SubmissionError(
            f"{where} cannot be unpacked: it looks like {what}. Make a .zip or .tar.gz of your files."
        )
    return _Upload(where, collector.files, collector.notes())


def _submission(upload: _Upload, config: AssignmentConfig) -> Submission:
    answers = _answers(upload, config)
    entry = _entry(upload, config, answers)
    _convert_sources(upload, entry)
    files = {path: upload.files[path] for path in sorted(upload.files)}
    return Submission(upload.name, _digest(files), files, entry, answers, tuple(upload.notes))


def _answers(upload: _Upload, config: AssignmentConfig) -> dict[str, Any]:
    path = find_answers(upload.files) if config.answers else None
    if path is None:
        return {}
    answers, note = parse_answers(shown(path), upload.files[path])
    upload.notes += [note] if note else []
    return answers


def _entry(upload: _Upload, config: AssignmentConfig, answers: dict[str, Any]) -> str | None:
    """The entry module; None is accepted only where there are answers and no code at all."""
    if answers and not any(path.casefold().endswith(".py") for path in upload.files):
        upload.notes.append("There is no Python file; only the answers are graded.")
        return None
    if upload.alone:
        entry = next(path for path in upload.files if path != FILE_NAME)
    else:
        entry = choose_entry(upload.files, config.code, upload.name)
    expected = config.code.files[0] if config.code.files else f"{config.code.entry}.py"
    if entry != expected and not entry.endswith(f"/{expected}"):
        upload.notes.append(f"`{shown(entry)}` was read as `{expected}`.")
    return entry


def _convert_sources(upload: _Upload, entry: str | None) -> None:
    """Bring every Python file to UTF-8. The entry must be Python; others that are not stay as they are."""
    for path, data in upload.files.items():
        if not path.casefold().endswith(".py"):
            continue
        try:
            check_is_source(shown(path), data)
            decoded = decode(shown(path), data)
        except SubmissionError as error:
            if path == entry:
                raise
            upload.notes.append(str(error))
            continue
        if path == entry:
            check_not_empty(shown(path), decoded.text)
        if decoded.note:
            upload.notes.append(decoded.note)
            upload.files[path] = decoded.text.encode("utf-8")


def _digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the sorted paths and contents, each after its length."""
    digest = hashlib.sha256()
    for path in sorted(files):
        for field in (path.encode("utf-8"), files[path]):
            digest.update(len(field).to_bytes(8, "big") + field)
    return digest.hexdigest()
