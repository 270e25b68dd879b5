"""Makes one file of what was handed in: a single file stays as it is, several become a zip."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, cast

from api.blobs import BlobStore, Receiving
from api.errors import Unprocessable, Unsupported
from api.submissions.form import File
from api.submissions.names import accepted_suffix, safe_name
from grader.assignment import Code
from grader.errors import SubmissionError
from grader.intake.collect import Collector

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files make the same bytes, whenever they are packed
_ANSWERS = ".toml"
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3
_LEVEL = 6


@dataclass(frozen=True)
class HandedIn:
    """The one file that is kept."""

    name: str
    content: Receiving


def one_file(files: Sequence[File], store: BlobStore, accept: tuple[str, ...], code: Code) -> HandedIn:
    """A single file, or all of them in a zip. A lone answers.toml is packed too: that is how it is graded.

    Raises:
        Unprocessable: no file, or names that do not go together.
        Unsupported: of a kind that is not accepted.
    """
    if not files:
        raise Unprocessable("Choose a file to hand in.", kind="no-file")
    check_kinds([safe_name(file.name) for file in files], accept)
    if len(files) == 1 and not files[0].name.lower().endswith(_ANSWERS):
        return HandedIn(safe_name(files[0].name), files[0].content)
    return packed(files, store, code)


def check_kinds(names: Sequence[str], accept: tuple[str, ...]) -> None:
    """Raises `Unsupported`. Several files are as good as a zip of them, whatever they are."""
    if len(names) > 1 and ".zip" in accept:
        return
    for name in names:
        if not accepted_suffix(name, accept):
            raise Unsupported(
                f"{name} is of a kind that is not accepted here: hand in {' or '.join(accept)}."
            )


def packed(files: Sequence[File], store: BlobStore, code: Code) -> HandedIn:
    """A zip of the files. Raises `Unprocessable` for names that do not go together."""
    collector = Collector("The upload", code)
    try:
        for file in files:
            path = collector.admit(file.name)
            if path is not None:
                collector.add_file(path, file.content.read())
    except SubmissionError as error:
        raise Unprocessable(str(error), kind="unusable") from error
    content = store.receive()
    try:
        write_zip(content, collector.files)
    except BaseException:
        content.discard()
        raise
    return HandedIn(_name(collector.files), content)


def write_zip(content: Receiving, files: Mapping[str, bytes]) -> None:
    """Write a zip of these files by their paths: the same files make the same bytes."""
    with zipfile.ZipFile(cast("IO[bytes]", content), "w") as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system, entry.external_attr = _UNIX, _PLAIN_FILE
            archive.writestr(entry, files[path], zipfile.ZIP_DEFLATED, _LEVEL)


def _name(files: dict[str, bytes]) -> str:
    """Of their common folder, if they have one."""
    tops = {path.split("/")[0] if "/" in path else "" for path in files}
    only = tops.pop() if len(tops) == 1 else ""
    return safe_name(f"{only or 'submission'}.zip")
